// Deletes messages and gives their space back to the disk. For `mailq purge` and the service's
// retention; no message that is being sent is touched.

import { MailqError } from "../../../queue/errors.ts";
import type { Filter } from "../../../queue/filter.ts";
import type { PurgeOptions } from "../../../queue/ports/operator.ts";
import { FINAL_STATUSES } from "../../../queue/state.ts";
import { int } from "../../sql/columns.ts";
import { ShrinkingSteps } from "../db/shrinking_steps.ts";
import type { Connection } from "../db/connection.ts";
import { deleteEach, matching } from "../filter/matching.ts";
import { tidySearch } from "../filter/search.ts";
import { wait } from "../../../system/time.ts";

/** Pages given back to the disk in one commit. */
const VACUUM_PAGES = 1_000;

/** See Operator.purge. Gives the pages back to the disk, in steps. */
export async function purge(
  db: Connection,
  filter: Filter,
  { finalBefore, includeOpen, onProgress }: PurgeOptions,
  now: number,
): Promise<number> {
  const statuses = filter.statuses ?? (includeOpen ? undefined : FINAL_STATUSES);
  const before = finalBefore ?? Number.MAX_SAFE_INTEGER;
  // Open mail has no end yet: it is as old as it is in the queue.
  const isOld = includeOpen
    ? finalBefore === null ? "1" : "coalesce(final_at, created_at) < ?"
    : "final_at IS NOT NULL AND final_at < ?";
  const doomed = matching(
    db,
    { ...filter, statuses },
    `${isOld} AND claim_token IS NULL`,
    ...isOld.includes("?") ? [before] : [],
  );
  const purged = await deleteEach(db, doomed, { now, afterStep: pause, onProgress });
  try {
    if (purged > 0) await tidySearch(db);
    await giveBackPages(db);
  } catch (error) {
    // The mail is deleted, and its pages are used again; a later purge gives them back.
    if (!(error instanceof MailqError) || error.code !== "disk_full") throw error;
  }
  return purged;
}

/** Lets other writers have their turn. */
const pause = () => wait(1);

async function giveBackPages(db: Connection): Promise<void> {
  await db.write(() => {
    // Lanes whose messages are all gone.
    db.run(
      `DELETE FROM batch
       WHERE state = 'visible' AND id NOT IN (SELECT lane FROM tally WHERE n > 0)`,
    );
    db.run("DELETE FROM tally WHERE lane <> 0 AND lane NOT IN (SELECT id FROM batch)");
  });
  const steps = new ShrinkingSteps(db, VACUUM_PAGES);
  while (freePages(db) > 0) {
    const { result } = await steps.write((pages) => giveBackSome(db, pages));
    if (!result) return;
    await pause();
  }
}

/** Returns whether that gave any page back: a file without auto_vacuum keeps them all, to be used
 *  again. Runs inside a write. */
function giveBackSome(db: Connection, pages: number): boolean {
  const before = freePages(db);
  db.all(`PRAGMA incremental_vacuum(${pages})`);
  return freePages(db) < before;
}

function freePages(db: Connection): number {
  return int(db.get("PRAGMA freelist_count")?.freelist_count);
}
