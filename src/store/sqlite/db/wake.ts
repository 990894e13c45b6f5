// Wakes processes that wait for a change of the queue, by touching a file beside it. The store does
// so after its commits; watch.ts waits.

import type { Connection } from "./connection.ts";

/** The file beside the queue that is touched after each commit a worker may wait for. Watching
 *  the database itself would be racy, and our own writes would wake us. */
export function wakePath(db: Connection): string {
  return `${db.file}-wake`;
}

/** Wakes whoever waits for a change. Never throws: what it tells of is on disk by now. */
export function wake(db: Connection): void {
  if (db.isInMemory) return;
  const path = wakePath(db);
  try {
    const now = new Date();
    Deno.utimeSync(path, now, now);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) writeTo(path);
    // Without the file nobody waits; otherwise the waiter's poll finds the change.
  }
}

/** Only its owner may set a file's times; who may write to it can still wake him. */
function writeTo(path: string): void {
  try {
    // A link laid here must not make us write to another file of ours.
    if (!Deno.lstatSync(path).isFile) return;
    using file = Deno.openSync(path, { write: true });
    file.writeSync(new Uint8Array([10]));
  } catch {
    // Not for us to write to: the waiter's poll finds the change.
  }
}
