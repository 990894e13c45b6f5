// Defers recipients untried, and tells when the next message is due. Delivery decides what has to
// wait, and for how long.

import type { Postponed } from "../../../queue/ports/claims.ts";
import { int } from "../../sql/columns.ts";
import { happens, mayHappen, statusIs, word } from "../../sql/law.ts";
import { clean, type Connection } from "../db/connection.ts";
import { tellPostponed } from "../../sql/outcome_events.ts";
import { refreshMessage } from "./refresh_message.ts";

/** See Claims.postpone; runs inside a write. */
export function postpone(db: Connection, postponed: readonly Postponed[], now: number): void {
  for (const { claim, recipients, until, reason } of postponed) {
    const isHeld = db.get(
      "SELECT 1 FROM message WHERE seq = ? AND claim_token = ?",
      claim.seq,
      claim.token,
    ) !== undefined;
    if (!isHeld) continue;
    for (const n of recipients) {
      const deferred = db.get(
        `UPDATE recipient SET ${happens("defer")}, next_at = ?, code = NULL, enhanced = NULL,
           reply = ? WHERE seq = ? AND n = ? AND ${mayHappen("defer")} RETURNING address`,
        until,
        clean(reason),
        claim.seq,
        n,
      );
      if (deferred === undefined) continue;
      const { id } = claim;
      tellPostponed(db, { id, address: String(deferred.address), until, reason }, now);
    }
    // Untried, so the same worker may take it up again.
    db.run(
      "UPDATE message SET last_worker = NULL, last_reply = ? WHERE seq = ?",
      clean(reason),
      claim.seq,
    );
    refreshMessage(db, claim.seq, now);
  }
}

/** See Reader.nextDueAt: three index seeks, and a look at the few pauses. */
export function nextDueAt(db: Connection, after: number): number | null {
  const times = [
    "SELECT next_at AS at FROM message INDEXED BY next_due WHERE next_at > ? ORDER BY next_at LIMIT 1",
    `SELECT send_at AS at FROM message INDEXED BY scheduled_for
       WHERE ${statusIs("scheduled")} AND send_at > ? ORDER BY send_at LIMIT 1`,
    `SELECT expires_at AS at FROM message INDEXED BY expiring
       WHERE expires_at > ? AND final_at IS NULL AND status <> ${word("held")}
       ORDER BY expires_at LIMIT 1`,
    "SELECT min(until) AS at FROM pause WHERE until > ? HAVING min(until) IS NOT NULL",
    `SELECT CAST(value AS INTEGER) AS at FROM meta
       WHERE key = 'paused_until' AND CAST(value AS INTEGER) > ?`,
  ].map((sql) => db.get(sql, after)).filter((row) => row !== undefined).map((row) => int(row.at));
  return times.length === 0 ? null : Math.min(...times);
}
