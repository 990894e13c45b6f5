// What a relay was found to bear, in words. Called by `status` and the screen; what is learned, and how it
// is relaxed, is src/queue/policy's.

import { plural } from "../../display/plural.ts";
import { formatTimestamp } from "../../display/timestamps.ts";
import type { RelayLimits } from "../../queue/policy/throttle.ts";

/** `bears 2 connections, 1.5 messages a second: 421 too many connections` */
export function describeLimits({ connections, rate, until, reply }: RelayLimits): string {
  const bears = [
    ...connections === null ? [] : [`${connections} ${plural(connections, "connection")}`],
    ...rate === null ? [] : [`${Math.round(rate * 10) / 10} messages a second`],
    ...until === null ? [] : [`nothing until ${formatTimestamp(until)}`],
  ].join(", ");
  return `bears ${bears}${reply === null ? "" : `: ${reply}`}`;
}
