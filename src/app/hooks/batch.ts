// What a hook is handed, and what it says to that. Between deliver.ts and the two ways of telling
// (command.ts, url.ts).

import type { Random, Wait } from "../../system/time.ts";

/** What a hook is handed. */
export interface Batch {
  /** Names the batch: one that is told again has the same. */
  readonly id: string;
  /** The JSON of each event. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

/** Null if the hook has it; else why not, and when it wants to be asked again, if it says so. */
export type Refused = { readonly error: string; readonly retryAfterMs: number | null } | null;

/** What telling takes of the program around it. */
export interface DeliveryTools {
  readonly env: Readonly<Record<string, string>>;
  readonly clock: { now(): number };
  readonly random: Random;
  readonly wait: Wait;
}
