// Recipients that wait or have failed, one by one, for who gathers them (src/app/problems). Read in
// pages, so that a long look holds up no checkpoint.

import { MESSAGE_STATUSES, RECIPIENT_STATES, storedStatuses } from "../../../queue/state.ts";
import type { UnsentRecipient } from "../../../queue/unsent.ts";
import { int, number, tagsOf, text } from "../db/columns.ts";
import type { Connection, Row } from "../db/connection.ts";
import { oneOf, reasonOf } from "../db/damage.ts";
import { stateIs, statusIs } from "../db/law.ts";
import { VISIBLE } from "../filter/condition.ts";

const PAGE = 1_000;

/** Of messages that were sent to all, cancelled or suppressed there is nobody. */
const STATUSES = storedStatuses(
  MESSAGE_STATUSES.filter((status) => !["sent", "cancelled", "suppressed"].includes(status)),
);

/** See Reader.unsent. */
export function* unsent(db: Connection): Iterable<UnsentRecipient> {
  for (const status of STATUSES) {
    const sql =
      `SELECT m.seq, m.id, m.sender, m.tags, m.created_at, r.n, r.address, r.state, r.reason,
        r.code, r.enhanced, r.reply, last.relay, last.started_at AS last_at,
        (SELECT min(started_at) FROM attempt WHERE attempt.seq = m.seq AND attempt.code IS r.code)
          AS first_at
      FROM message AS m INDEXED BY by_status CROSS JOIN recipient AS r ON r.seq = m.seq
        LEFT JOIN attempt AS last ON last.seq = m.seq AND last.n = (
          SELECT max(n) FROM attempt WHERE attempt.seq = m.seq)
      WHERE m.${statusIs(status)} AND ${VISIBLE} AND r.${
        stateIs("queued", "sending", "deferred", "failed")
      } AND m.seq >= ? AND (m.seq, r.n) > (?, ?) ORDER BY m.seq, r.n LIMIT ${PAGE}`;
    let after: readonly [seq: number, n: number] = [0, -1];
    for (;;) {
      const rows = db.all(sql, after[0], ...after);
      for (const row of rows) yield toUnsent(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) break;
      after = [int(last.seq), int(last.n)];
    }
  }
}

function toUnsent(row: Row): UnsentRecipient {
  const whose = `the recipient ${row.address} of message ${row.id}`;
  return {
    id: String(row.id),
    sender: String(row.sender),
    tags: tagsOf(row.tags, whose),
    createdAt: int(row.created_at),
    address: String(row.address),
    state: oneOf(RECIPIENT_STATES, row.state, { whose, what: "state" }),
    reason: reasonOf(row.reason, whose),
    code: number(row.code),
    enhanced: text(row.enhanced),
    reply: text(row.reply),
    relay: text(row.relay),
    firstTriedAt: number(row.first_at),
    lastTriedAt: number(row.last_at),
  };
}
