// How many messages were sent a minute of late, told from the counts that came. Called by
// update.ts, which notes each count, and by the header. Pure.

import type { QueueStatus } from "../../queue/status.ts";
import type { State } from "./state.ts";

const MINUTE_MS = 60_000;
/** What was seen for less tells nothing. */
const LEAST_MS = 5_000;

/** Notes how many messages are sent, for the rate. */
export function noteSent(state: State, status: QueueStatus): State {
  const { now } = state;
  const older = state.sent.filter(({ at }) => at <= now - MINUTE_MS).slice(-1);
  const recent = state.sent.filter(({ at }) => at > now - MINUTE_MS);
  return {
    ...state,
    sent: [...older, ...recent, { at: now, count: status.sent + status.partial }],
  };
}

/** Messages sent a minute of late; null while that is not known. */
export function rateOf({ sent }: State): number | null {
  const first = sent[0], last = sent.at(-1);
  if (first === undefined || last === undefined || last.at - first.at < LEAST_MS) return null;
  // Purging makes it fewer.
  return Math.round(Math.max(0, last.count - first.count) / (last.at - first.at) * MINUTE_MS);
}
