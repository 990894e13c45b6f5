import type { Connection } from "./connection.ts";

/** The file beside the queue that is written to after each commit a worker may wait for. Watching
 *  the database itself would be racy, and our own writes would wake us. */
export function wakePath(db: Connection): string {
  return `${db.file}-wake`;
}

/** Wakes whoever waits for a change. Never throws: what it tells of is on disk by now. */
export function wake(db: Connection): void {
  if (db.isInMemory) return;
  try {
    // Written to rather than touched: it may be another user's.
    using file = Deno.openSync(wakePath(db), { write: true });
    file.writeSync(new Uint8Array([10]));
  } catch {
    // Without the file nobody waits; otherwise the waiter's poll finds the change.
  }
}
