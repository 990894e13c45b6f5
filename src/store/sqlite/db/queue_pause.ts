// The pause of the whole queue, in the table `meta`. Claims look at it before each; people set and end
// it by read/status.ts, and act/pauses.ts once its time is over.

import type { Connection } from "./connection.ts";

/** Whether the pause of the whole queue holds. */
export function isQueuePaused(db: Connection, now: number): boolean {
  return db.get(
    `SELECT 1 FROM meta WHERE key = 'paused_since' AND NOT EXISTS
      (SELECT 1 FROM meta WHERE key = 'paused_until' AND CAST(value AS INTEGER) <= ?)`,
    now,
  ) !== undefined;
}

/** Whether its time is over, and nobody was told so yet. */
export function isQueuePauseOver(db: Connection, now: number): boolean {
  const until = "SELECT 1 FROM meta WHERE key = 'paused_until' AND CAST(value AS INTEGER) <= ?";
  return db.get(until, now) !== undefined;
}

/** Ends it, and tells so; does nothing where there is none. Inside a write. */
export function removeQueuePause(db: Connection, now: number): void {
  const keys = "key IN ('paused_since', 'paused_until', 'paused_reason')";
  if (db.run(`DELETE FROM meta WHERE ${keys}`) > 0) db.tell({ type: "queue.resumed" }, now);
}
