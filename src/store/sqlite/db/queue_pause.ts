// The pause of the whole queue, in the table `meta`. Claims look at it before each; people set and end
// it by read/status.ts.

import type { Connection } from "./connection.ts";

/** Whether the pause of the whole queue holds. */
export function isQueuePaused(db: Connection, now: number): boolean {
  return db.get(
    `SELECT 1 FROM meta WHERE key = 'paused_since' AND NOT EXISTS
      (SELECT 1 FROM meta WHERE key = 'paused_until' AND CAST(value AS INTEGER) <= ?)`,
    now,
  ) !== undefined;
}
