// What becomes of the messages that a worker had in hand when it died or ended: queued again, and
// as uncertain where their bytes had begun to go out.

import { insertAttempt } from "./attempt.ts";
import { int } from "../../sql/columns.ts";
import type { Connection, Row } from "../db/connection.ts";
import { happens, mayHappen, statusIs } from "../../sql/law.ts";
import { heldAfter, LOST, type LostWith } from "../../sql/lost.ts";
import { tellOutcome } from "../../sql/outcome_events.ts";
import { refreshMessage } from "./refresh_message.ts";

/** Requeues what a dead worker had in hand, at the back of its priority, and closes as uncertain
 *  the attempts whose bytes had `begun` to go out (null = that is not known, so all). Runs inside a
 *  write; returns how many messages it had. */
export function loseClaims(
  db: Connection,
  workerId: number,
  { begun, holdsUncertain, now }: LostWith,
): number {
  const held = heldAfter(holdsUncertain);
  // A held message may be in a worker's hands as well: each status has its own index.
  const rows = db.all(
    `SELECT seq, id, claim_token, claimed_at, lost, held, life_from FROM message
       WHERE ${statusIs("sending")} AND claim_worker = ?
     UNION ALL SELECT seq, id, claim_token, claimed_at, lost, held, life_from FROM message INDEXED BY held_claims
       WHERE ${statusIs("held")} AND claim_worker = ? AND claim_worker IS NOT NULL`,
    workerId,
    workerId,
  );
  for (const row of rows) {
    const seq = int(row.seq);
    const hasBegun = begun === null || begun.has(int(row.claim_token));
    if (hasBegun) closeAsUncertain(db, row, now);
    const lost = int(row.lost) + (hasBegun ? 1 : 0);
    if (lost >= held.times && row.held === 0) {
      db.tell({ type: "message.held", id: String(row.id), reason: held.reason }, now);
    }
    db.run(
      `UPDATE OR ROLLBACK message SET queued_at = ?, lost = ?,
         held = CASE WHEN ? >= ? THEN 1 ELSE held END WHERE seq = ?`,
      now,
      lost,
      lost,
      held.times,
      seq,
    );
    db.run(`UPDATE recipient SET ${happens("lose")} WHERE seq = ? AND ${mayHappen("lose")}`, seq);
    refreshMessage(db, seq, now);
  }
  return rows.length;
}

function closeAsUncertain(db: Connection, row: Row, now: number): void {
  const seq = int(row.seq), claimedAt = int(row.claimed_at);
  const counted = db.get(
    `UPDATE OR ROLLBACK message SET tries = tries + 1, attempts = attempts + 1, last_reply = ?
     WHERE seq = ? RETURNING attempts`,
    LOST,
    seq,
  );
  const recipients = db.all(
    `UPDATE recipient SET tries = tries + 1 WHERE seq = ? AND ${mayHappen("lose")}
     RETURNING address`,
    seq,
  );
  const n = int(counted?.attempts);
  const outcomes = recipients.map(({ address }) => ({
    address: String(address),
    outcome: "uncertain" as const,
    code: null,
    enhanced: null,
    reply: null,
  }));
  insertAttempt(db, seq, n, {
    startedAt: claimedAt,
    durationMs: Math.max(0, now - claimedAt),
    result: "uncertain",
    error: LOST,
    outcomes,
  });
  const told = {
    id: String(row.id),
    attempt: n,
    relay: null,
    host: null,
    lifeFrom: int(row.life_from),
  };
  for (const one of outcomes) {
    const change = { ...one, reply: LOST, state: "sending", reason: null, nextAt: null } as const;
    tellOutcome(db, told, change, now);
  }
}
