// Recipients that wait or have failed, one by one, for who gathers them (src/app/problems). Read in
// pages, so that a long look holds up no vacuum.

import type { UnsentRecipient } from "../../../queue/unsent.ts";
import { int } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { stateIs, statusIs } from "../../sql/law.ts";
import { toUnsent, UNSENT_STATUSES } from "../../sql/rows/unsent_row.ts";
import type { Sql } from "../db/transaction.ts";

const PAGE = 1_000;

/** See Reader.unsent. */
export async function* unsent(db: Sql): AsyncIterable<UnsentRecipient> {
  for (const status of UNSENT_STATUSES) {
    const sql =
      `SELECT m.seq, m.id, m.sender, m.tags, m.created_at, r.n, r.address, r.state, r.reason,
        r.code, r.enhanced, r.reply, last.relay, last.started_at AS last_at,
        (SELECT min(started_at) FROM attempt
           WHERE attempt.seq = m.seq AND attempt.code IS NOT DISTINCT FROM r.code) AS first_at
      FROM message AS m JOIN recipient AS r ON r.seq = m.seq
        LEFT JOIN attempt AS last ON last.seq = m.seq AND last.n = (
          SELECT max(n) FROM attempt WHERE attempt.seq = m.seq)
      WHERE m.${statusIs(status)} AND ${VISIBLE} AND r.${
        stateIs("queued", "sending", "deferred", "failed")
      } AND m.seq >= ? AND (m.seq, r.n) > (?, ?) ORDER BY m.seq, r.n LIMIT ${PAGE}`;
    let after: readonly [seq: number, n: number] = [0, -1];
    for (;;) {
      const rows = await db.all(sql, after[0], ...after);
      for (const row of rows) yield toUnsent(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) break;
      after = [int(last.seq), int(last.n)];
    }
  }
}
