// Some room on the disk kept for a full one: deleting mail takes a little, too. Every pass sees to it
// that it is there (takeOver); `mailq purge` spends it.

import { MailqError } from "../queue/errors.ts";
import { discardFile, isThere, makeFile, removeFile, writeAllSync } from "../system/files.ts";
import { giveToOwnerOf } from "../system/handles.ts";

/** Enough for SQLite's index beside the log, and for a log of some dozen pages. */
const RESERVE_BYTES = 1024 * 1024;

const reservePath = (queueFile: string) => `${queueFile}-reserve`;

/** Makes the reserve of a queue's file if it is not there. Never throws: without room for it there is
 *  none. */
export function keepReserve(queueFile: string): void {
  const path = reservePath(queueFile);
  try {
    const file = isThere(path) ? null : makeFile(path);
    if (file === null) return;
    try {
      giveToOwnerOf(queueFile, file);
      writeAllSync(file, new Uint8Array(RESERVE_BYTES));
    } catch (error) {
      discardFile(path);
      throw error;
    } finally {
      file.close();
    }
  } catch {
    // The next pass tries again.
  }
}

/** Runs what frees space; if the disk is full even for that, once more without the reserve of the
 *  queue. Throws as `work` does. */
export async function spendingReserve<T>(queueFile: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isFull = error instanceof MailqError && error.code === "disk_full";
    if (!isFull || !removeFile(reservePath(Deno.realPathSync(queueFile)))) throw error;
    return await work();
  }
}
