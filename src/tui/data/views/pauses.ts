// Reads what waits for each pause, and for each relay in trouble. Called by view_data.ts for the views of
// pauses and of relays; what is paused is in the status that the screen has.

import type { Reader } from "../../../queue/ports/reader.ts";
import type { PausedPart } from "../../../queue/policy/pause.ts";

/** A part of the mail, and the deferred messages that wait for it. */
interface WaitingPart extends PausedPart {
  readonly waiting: number;
}

export type PausesData = readonly WaitingPart[];

export async function readWaiting(
  { store }: { readonly store: Pick<Reader, "status" | "waitingFor"> },
): Promise<PausesData> {
  const { pauses, relays } = await store.status();
  const names = new Set([
    ...relays.map(({ name }) => name),
    ...pauses.filter(({ scope }) => scope === "relay").map(({ value }) => value),
  ]);
  const parts: PausedPart[] = [
    ...[...names].map((value) => ({ scope: "relay", value }) as const),
    ...pauses.filter(({ scope }) => scope !== "relay"),
  ];
  const found: WaitingPart[] = [];
  for (const { scope, value } of parts) {
    found.push({ scope, value, waiting: await store.waitingFor({ scope, value }) });
  }
  return found;
}
