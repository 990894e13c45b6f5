// How many messages wait for a relay that is down or refuses, or for the end of a pause. Called by
// `status`, which shows it; which mail a pause keeps back is the store's to count.

import type { PausedPart } from "../../queue/policy/pause.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { QueueStatus } from "../../queue/status.ts";

/** Messages that wait for a part of the mail to be sent again. */
export type Waiting = (part: PausedPart) => number;

/** Counts what waits for each relay in trouble and for each pause. Where it is the only one of the
 *  settings (`relayCount`), what is queued waits for it, too. */
export async function countWaiting(
  store: Pick<Store, "waitingFor">,
  { relays, pauses, queued }: Pick<QueueStatus, "relays" | "pauses" | "queued">,
  { relayCount }: { readonly relayCount: number },
): Promise<Waiting> {
  const counts = new Map<string, number>();
  const parts = [
    ...pauses,
    ...relays.map(({ name }) => ({ scope: "relay", value: name }) as const),
  ];
  for (const part of parts) {
    const isOnlyRelay = part.scope === "relay" && relayCount === 1;
    counts.set(keyOf(part), await store.waitingFor(part) + (isOnlyRelay ? queued : 0));
  }
  return (part) => counts.get(keyOf(part)) ?? 0;
}

function keyOf({ scope, value }: PausedPart): string {
  return `${scope} ${value}`;
}
