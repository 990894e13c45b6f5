// Finds workers that have died, queues again what they held, sweeps what they staged; and fails
// mail whose expires_at has passed. Every pass begins with it.

import { FileLock } from "../../../system/file_lock.ts";
import { expireMessage } from "./claim.ts";
import { int } from "../db/columns.ts";
import type { Connection } from "../db/connection.ts";
import { statusIs } from "../db/law.ts";
import { VISIBLE } from "../filter/condition.ts";
import { translateError } from "../db/errors.ts";
import { loseClaims } from "./lost_claims.ts";
import { sweepOwner } from "../take_in/open_batch.ts";
import { lockPath, readBegunTokens } from "./workers.ts";
import { folderOf, isThere, lookAt, nameOf, removeFile } from "../../../system/files.ts";

/** Requeues what dead workers held and sweeps what dead processes staged. A worker is dead
 *  exactly when its lock is free: clock jumps, suspend and SIGSTOP do not matter. */
export async function takeOver(db: Connection, now: () => number): Promise<number> {
  if (db.isInMemory) return 0;
  await sweepOrphans(db);
  let requeued = 0;
  for (const row of db.all("SELECT id, lock_file FROM worker")) {
    const id = int(row.id);
    const path = lockPath(db, String(row.lock_file));
    let lock: FileLock | null;
    try {
      lock = await FileLock.tryTakeOld(path);
    } catch (error) {
      // Another user's: whether it lives is not for us to find out.
      if (error instanceof Deno.errors.PermissionDenied) continue;
      throw translateError(error, db.path);
    }
    if (lock === null && isThere(path)) continue;
    try {
      // A file that is gone tells nothing: what its worker held may have gone out.
      const begun = lock === null ? null : readBegunTokens(lock);
      requeued += await db.write(() => loseClaims(db, id, begun, now()));
      await sweepOwner(db, id);
      if (lock !== null) removeFile(path);
    } finally {
      lock?.release();
    }
  }
  return requeued;
}

/** Whether a registered worker is dead, so that `takeOver` has something to do. */
export async function hasDeadWorker(db: Connection): Promise<boolean> {
  if (db.isInMemory) return false;
  for (const row of db.all("SELECT lock_file FROM worker")) {
    const path = lockPath(db, String(row.lock_file));
    try {
      const lock = await FileLock.tryTakeOld(path);
      lock?.release();
      if (lock !== null || !isThere(path)) return true;
    } catch (error) {
      if (!(error instanceof Deno.errors.PermissionDenied)) throw translateError(error, db.path);
    }
  }
  return false;
}

/** Removes lock files without a worker: of processes that died between making the one and
 *  registering the other, which takes them milliseconds. */
async function sweepOrphans(db: Connection): Promise<void> {
  const prefix = `${nameOf(db.file)}-worker-`;
  const registered = new Set(db.all("SELECT lock_file FROM worker").map((row) => row.lock_file));
  for (const { name } of Deno.readDirSync(folderOf(db.file))) {
    if (!name.startsWith(prefix) || registered.has(name)) continue;
    const path = lockPath(db, name);
    try {
      const age = Date.now() - (lookAt(path)?.mtime?.getTime() ?? 0);
      if (age < ORPHAN_MS) continue;
      const lock = await FileLock.tryTakeOld(path);
      if (lock === null) continue;
      removeFile(path);
      lock.release();
    } catch {
      // Another user's, or gone by now: it does no harm.
    }
  }
}

/** How long a lock file may stand without its worker's row. */
const ORPHAN_MS = 60_000;

/** See Claims.expireDue. */
export async function expireDue(db: Connection, now: () => number): Promise<number> {
  let expired = 0;
  for (;;) {
    const some = await db.write(() => {
      const time = now();
      const rows = db.all(
        `SELECT seq FROM message INDEXED BY expiring
         WHERE expires_at <= ? AND expires_at IS NOT NULL AND final_at IS NULL
           AND ${statusIs("queued", "scheduled", "deferred")}
           AND ${VISIBLE} LIMIT 500`,
        time,
      );
      for (const row of rows) expireMessage(db, int(row.seq), time);
      return rows.length;
    });
    expired += some;
    if (some === 0) return expired;
  }
}
