// Finds workers that have died, queues again what they held, sweeps what they staged; and fails
// mail whose expires_at has passed. Every pass begins with it.

import { FileLock } from "../../../system/file_lock.ts";
import { expireMessage } from "./claim.ts";
import { int } from "../../sql/columns.ts";
import type { Connection } from "../db/connection.ts";
import { statusIs } from "../../sql/law.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { loseClaims } from "./lost_claims.ts";
import { sweepOwner } from "../take_in/open_batch.ts";
import { lockPath } from "./workers.ts";
import { lockOf, readBegunTokens } from "../../worker_file.ts";
import { discardFile, folderOf, lookAt, nameOf } from "../../../system/files.ts";
import { fileTrouble } from "../../file_errors.ts";
import { keepReserve } from "../../reserve.ts";
import { MailqError } from "../../../queue/errors.ts";

/** Requeues what dead workers held and sweeps what dead processes staged. A worker is dead
 *  exactly when its lock is free: clock jumps, suspend and SIGSTOP do not matter. */
export async function takeOver(
  db: Connection,
  { now, holdsUncertain }: { readonly now: () => number; readonly holdsUncertain: boolean },
): Promise<number> {
  if (db.isInMemory) return 0;
  keepReserve(db.file);
  await sweepOrphans(db);
  let requeued = 0;
  for (const row of db.all("SELECT id, lock_file FROM worker")) {
    const id = int(row.id);
    const path = lockPath(db, String(row.lock_file));
    const found = await lockOf(path);
    if (found === "held" || found === "unknown") continue;
    const lock = found === "gone" ? null : found;
    try {
      // A file that is gone tells nothing: what its worker held may have gone out.
      const begun = lock === null ? null : readBegunTokens(lock);
      requeued += await db.write(() => loseClaims(db, id, { begun, holdsUncertain, now: now() }));
      await sweepOwner(db, id);
      if (lock !== null) discardFile(path);
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
    const found = await lockOf(lockPath(db, String(row.lock_file)));
    if (found instanceof FileLock) found.release();
    if (found instanceof FileLock || found === "gone") return true;
  }
  return false;
}

/** Removes lock files without a worker: of processes that died between making the one and
 *  registering the other, which takes them milliseconds. */
async function sweepOrphans(db: Connection): Promise<void> {
  const prefix = `${nameOf(db.file)}-worker-`;
  const registered = new Set(db.all("SELECT lock_file FROM worker").map((row) => row.lock_file));
  try {
    for (const { name } of Deno.readDirSync(folderOf(db.file))) {
      if (!name.startsWith(prefix) || registered.has(name)) continue;
      const path = lockPath(db, name);
      const age = Date.now() - (lookAt(path)?.mtime?.getTime() ?? 0);
      if (age < ORPHAN_MS) continue;
      const found = await lockOf(path);
      if (!(found instanceof FileLock)) continue;
      discardFile(path);
      found.release();
    }
  } catch (error) {
    // The folder cannot be listed, or something else lies there: orphans do no harm.
    if (!(error instanceof MailqError) && fileTrouble(error) === null) throw error;
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
        `SELECT seq, id FROM message INDEXED BY expiring
         WHERE expires_at <= ? AND expires_at IS NOT NULL AND final_at IS NULL
           AND ${statusIs("queued", "scheduled", "deferred")}
           AND ${VISIBLE} LIMIT 500`,
        time,
      );
      for (const row of rows) expireMessage(db, row, time);
      return rows.length;
    });
    expired += some;
    if (some === 0) return expired;
  }
}
