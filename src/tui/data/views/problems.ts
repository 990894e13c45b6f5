// Reads the problems of the queue for their view: what waits or has failed, gathered by its refusal.
// Called by view_data.ts. The gathering itself is src/app/problems'.

import { problems } from "../../../app/problems/groups.ts";
import type { Reader } from "../../../queue/ports/reader.ts";
import type { Reply } from "../../../queue/outcome.ts";
import type { UnsentRecipient } from "../../../queue/unsent.ts";
import { Turns } from "../../../system/time.ts";

/** A problem as it comes over from the thread. */
export interface ProblemRow {
  readonly number: number;
  readonly reply: Reply;
  readonly messages: number;
  readonly recipients: number;
  /** Recipients among them that still wait. */
  readonly open: number;
  readonly relays: readonly string[];
  /** The most frequent first. */
  readonly domains: readonly (readonly [domain: string, count: number])[];
  readonly firstSeen: number | null;
  readonly lastSeen: number | null;
  readonly hint: string | null;
}

export type ProblemsData = readonly ProblemRow[];

/** Domains and relays that a row can show. */
const NAMED = 20;

/** Those with most recipients first. */
export async function readProblems(
  { store }: { readonly store: Pick<Reader, "unsent"> },
): Promise<ProblemsData> {
  const found = await problems({ unsent: () => politely(store.unsent()) }, { openOnly: false });
  return found.map(({ relays, domains, ...problem }) => ({
    ...problem,
    relays: relays.entries.slice(0, NAMED).map(([name]) => name),
    domains: domains.entries.slice(0, NAMED),
  }));
}

/** Lets other questions in between: a long walk keeps no list waiting. */
export async function* politely(
  all: AsyncIterable<UnsentRecipient>,
): AsyncGenerator<UnsentRecipient> {
  const turns = new Turns();
  for await (const one of all) {
    yield one;
    await turns.give();
  }
}
