// Rows of the table `pause` as the pauses they stand for. The stores' act/pauses.ts read and write
// them; what a pause means is src/queue/policy/pause.ts's.

import { type Pause, PAUSE_SCOPES, type PausedPart } from "../../../queue/policy/pause.ts";
import { int, number, text } from "../columns.ts";
import { listOf } from "../damage.ts";
import type { Row } from "../row.ts";

/** A part's value as it is stored: of addresses the case does not matter. */
export function pauseKey({ scope, value }: PausedPart): string {
  const key = scope === "sender" || scope === "domain" ? value.toLowerCase() : value;
  return key.replaceAll("\0", "\ufffd");
}

/** Null for a part that only a newer program knows of. */
export function toPause(row: Row): Pause | null {
  const scope = PAUSE_SCOPES.find((known) => known === row.scope);
  if (scope === undefined) return null;
  return {
    scope,
    value: String(row.value),
    reason: text(row.reason),
    since: int(row.since),
    until: number(row.until),
    isAutomatic: row.automatic === 1,
    times: int(row.times),
    refused: listOf(row.refused, { whose: `the pause of ${row.value}`, what: "list" }).map(Number),
  };
}
