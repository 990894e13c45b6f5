// The pause of the whole queue, in the table `meta`. Claims look at it before each; people set and end
// it by status.ts, and act/pauses.ts once its time is over.

import type { Sql, Write } from "../db/transaction.ts";

/** The condition that the whole queue is paused at a time. */
export const IS_PAUSED = `EXISTS (SELECT 1 FROM meta WHERE key = 'paused_since') AND NOT EXISTS
  (SELECT 1 FROM meta WHERE key = 'paused_until' AND value::bigint <= ?)`;

/** Who changes the pause holds it to the end of the transaction. */
export const QUEUE_PAUSE_LOCK = "SELECT pg_advisory_xact_lock(1835101561)";

/** Whether its time is over, and nobody was told so yet. */
export async function isQueuePauseOver(sql: Sql, now: number): Promise<boolean> {
  const until = "SELECT 1 FROM meta WHERE key = 'paused_until' AND value::bigint <= ?";
  return await sql.get(until, now) !== undefined;
}

/** Ends it, and tells so; does nothing where there is none. */
export async function removeQueuePause(tx: Write, now: number): Promise<void> {
  const keys = "key IN ('paused_since', 'paused_until', 'paused_reason')";
  if (await tx.run(`DELETE FROM meta WHERE ${keys}`) > 0) tx.tell({ type: "queue.resumed" }, now);
}
