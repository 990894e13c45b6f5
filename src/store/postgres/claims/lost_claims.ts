// What becomes of the messages that a worker had in hand when it died or ended: queued again, and
// as uncertain where their bytes had begun to go out.

import { int } from "../../sql/columns.ts";
import { happens, mayHappen } from "../../sql/law.ts";
import { heldAfter, LOST, type LostWith } from "../../sql/lost.ts";
import { tellOutcome } from "../../sql/outcome_events.ts";
import type { Row } from "../../sql/row.ts";
import type { Write } from "../db/transaction.ts";
import { attemptRow, insertAttempts } from "./attempts.ts";
import { unmark } from "./marks.ts";
import { refreshMessages } from "./refresh_messages.ts";

/** Requeues what a dead worker had in hand, at the back of its priority, and closes as uncertain
 *  the attempts whose bytes had `begun` to go out (null = those that were marked in the queue). Runs inside a
 *  write; returns how many messages it had. */
export async function loseClaims(
  tx: Write,
  workerId: number,
  lost: LostWith,
): Promise<number> {
  const { begun, now } = lost;
  const rows = await tx.all(
    `SELECT seq, id, claim_token, claimed_at, lost, held, life_from,
       EXISTS (SELECT 1 FROM begun WHERE begun.token = message.claim_token) AS is_marked
     FROM message WHERE claim_worker = ? ORDER BY seq FOR UPDATE OF message`,
    workerId,
  );
  if (rows.length === 0) return 0;
  const seqs = rows.map((row) => int(row.seq));
  const uncertain = rows.filter((row) =>
    begun === null ? row.is_marked === true : begun.has(int(row.claim_token))
  );
  await closeAsUncertain(tx, uncertain, lost);
  await tx.run("UPDATE message SET queued_at = ? WHERE seq = ANY(?)", now, seqs);
  await tx.run(
    `UPDATE recipient SET ${happens("lose")} WHERE seq = ANY(?) AND ${mayHappen("lose")}`,
    seqs,
  );
  await unmark(tx, rows.map((row) => int(row.claim_token)));
  await refreshMessages(tx, seqs, now);
  return rows.length;
}

async function closeAsUncertain(
  tx: Write,
  rows: readonly Row[],
  { holdsUncertain, now }: LostWith,
): Promise<void> {
  if (rows.length === 0) return;
  const held = heldAfter(holdsUncertain);
  const seqs = rows.map((row) => int(row.seq));
  const counted = await tx.all(
    `UPDATE message SET tries = tries + 1, attempts = attempts + 1, last_reply = ?,
       lost = lost + 1, held = CASE WHEN lost + 1 >= ?::integer THEN 1 ELSE held END
     WHERE seq = ANY(?) RETURNING seq, attempts`,
    LOST,
    held.times,
    seqs,
  );
  const numbers = new Map(counted.map((row) => [int(row.seq), int(row.attempts)]));
  const recipients = await tx.all(
    `UPDATE recipient SET tries = tries + 1 WHERE seq = ANY(?) AND ${mayHappen("lose")}
     RETURNING seq, n, address`,
    seqs,
  );
  const bySeq = Map.groupBy(
    recipients.toSorted((a, b) => int(a.n) - int(b.n)),
    (row) => int(row.seq),
  );
  const attempts = rows.map((row) => {
    const seq = int(row.seq), claimedAt = int(row.claimed_at), id = String(row.id);
    const attempt = numbers.get(seq) ?? 0;
    const outcomes = (bySeq.get(seq) ?? []).map(({ address }) => ({
      address: String(address),
      outcome: "uncertain" as const,
      code: null,
      enhanced: null,
      reply: null,
    }));
    if (int(row.lost) + 1 >= held.times && row.held === 0) {
      tx.tell({ type: "message.held", id, reason: held.reason }, now);
    }
    const told = { id, attempt, relay: null, host: null, lifeFrom: int(row.life_from) };
    for (const one of outcomes) {
      const change = { ...one, reply: LOST, state: "sending", reason: null, nextAt: null } as const;
      tellOutcome(tx, told, change, now);
    }
    return attemptRow(seq, attempt, {
      startedAt: claimedAt,
      durationMs: Math.max(0, now - claimedAt),
      result: "uncertain",
      error: LOST,
      outcomes,
    });
  });
  await insertAttempts(tx, attempts);
}
