// Whether a worker lives. Its row was seen of late, by the database's clock; on its own machine a free
// lock tells at once that it is dead. Who takes over, who adds to a batch and who counts workers asks.

import { FileLock } from "../../../system/file_lock.ts";
import type { Row } from "../../sql/row.ts";
import { lockOf } from "../../worker_file.ts";

/** A worker that was not seen for so long has lost its claims. */
const LEASE = "60 seconds";

/** The condition that a worker's lease is over. */
export const IS_LATE = `seen_at < clock_timestamp() - interval '${LEASE}'`;

/** Workers' rows as `isDead` and `freeLock` want them. */
export const WORKERS = `SELECT *, ${IS_LATE} AS is_late FROM worker`;

/** The lock of a worker that died on this machine; null where that is not known. */
export async function freeLock(row: Row): Promise<FileLock | null> {
  if (row.lock_file === "" || row.host !== Deno.hostname()) return null;
  try {
    const found = await lockOf(String(row.lock_file));
    return found instanceof FileLock ? found : null;
  } catch {
    // A lock that cannot be had tells nothing; the lease does.
    return null;
  }
}

export async function isDead(row: Row): Promise<boolean> {
  if (row.is_late === true) return true;
  const lock = await freeLock(row);
  lock?.release();
  return lock !== null;
}
