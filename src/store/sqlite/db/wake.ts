// Wakes processes that wait for a change of the queue, by touching a file beside it. The store does
// so after its commits; watch.ts waits.

import { openOwnFile } from "../../../system/files.ts";
import type { Connection } from "./connection.ts";

/** The file beside the queue that is touched after each commit a worker may wait for. Watching
 *  the database itself would be racy, and our own writes would wake us. */
export function wakePath(db: Connection): string {
  return `${db.file}-wake`;
}

/** Wakes whoever waits for a change. Never throws: what it tells of is on disk by now. */
export function wake(db: Connection): void {
  if (db.isInMemory) return;
  try {
    using file = openOwnFile(wakePath(db));
    try {
      const now = new Date();
      file.utimeSync(now, now);
    } catch {
      // Only its owner may set a file's times; who may write to it can still wake him.
      file.writeSync(new Uint8Array([10]));
    }
  } catch {
    // Without the file nobody waits; otherwise the waiter's poll finds the change.
  }
}
