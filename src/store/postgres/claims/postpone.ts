// Defers recipients untried, and tells when the next message is due. Delivery decides what has to
// wait, and for how long.

import type { Postponed } from "../../../queue/ports/claims.ts";
import { int } from "../../sql/columns.ts";
import { happens, mayHappen, statusIs, word } from "../../sql/law.ts";
import { tellPostponed } from "../../sql/outcome_events.ts";
import { json, type Sql, type Write } from "../db/transaction.ts";
import { heldSeqs } from "./record.ts";
import { refreshMessages } from "./refresh_messages.ts";

const DEFER = `UPDATE recipient SET ${happens("defer")}, next_at = one.until, code = NULL,
    enhanced = NULL, reply = one.reason
  FROM jsonb_to_recordset(?::jsonb) AS one (of_seq bigint, of_n integer, until bigint, reason text)
  WHERE seq = of_seq AND n = of_n AND recipient.${mayHappen("defer")}
  RETURNING seq, n, address`;
// Untried, so the same worker may take it up again.
const UNTRIED = `UPDATE message SET last_worker = NULL, last_reply = one.reason
  FROM jsonb_to_recordset(?::jsonb) AS one (of_seq bigint, reason text) WHERE seq = of_seq`;

/** See Claims.postpone; runs inside a write. */
export async function postpone(
  tx: Write,
  postponed: readonly Postponed[],
  now: number,
): Promise<void> {
  const held = await heldSeqs(tx, postponed.map(({ claim }) => claim));
  const ours = postponed.filter(({ claim }) => held.has(claim.seq));
  if (ours.length === 0) return;
  const recipients = ours.flatMap(({ claim: { seq }, recipients, until, reason }) =>
    recipients.map((n) => ({ of_seq: seq, of_n: n, until: Math.round(until), reason }))
  );
  const deferred = await tx.all(DEFER, json(recipients));
  const addresses = new Map(deferred.map(({ seq, n, address }) => [`${seq} ${n}`, address]));
  for (const { claim: { seq, id }, recipients, until, reason } of ours) {
    for (const n of recipients) {
      const address = addresses.get(`${seq} ${n}`);
      if (address === undefined) continue;
      tellPostponed(tx, { id, address: String(address), until, reason }, now);
    }
  }
  // Of several reasons for one message the last one is told.
  const reasons = new Map(ours.map(({ claim, reason }) => [claim.seq, reason]));
  await tx.run(UNTRIED, json([...reasons].map(([of_seq, reason]) => ({ of_seq, reason }))));
  await refreshMessages(tx, [...reasons.keys()], now);
}

/** See Reader.nextDueAt: three index seeks, and a look at the few pauses. */
export async function nextDueAt(db: Sql, after: number): Promise<number | null> {
  const row = await db.get(
    `SELECT least(
       (SELECT next_at FROM message WHERE next_at > ? ORDER BY next_at LIMIT 1),
       (SELECT send_at FROM message WHERE ${statusIs("scheduled")} AND send_at > ?
          ORDER BY send_at LIMIT 1),
       (SELECT expires_at FROM message
          WHERE expires_at > ? AND expires_at IS NOT NULL AND final_at IS NULL
            AND status <> ${word("held")} ORDER BY expires_at LIMIT 1),
       (SELECT min(until) FROM pause WHERE until > ?),
       (SELECT value::bigint FROM meta
          WHERE key = 'paused_until' AND value::bigint > ?)) AS at`,
    after,
    after,
    after,
    after,
    after,
  );
  return row?.at === null || row === undefined ? null : int(row.at);
}
