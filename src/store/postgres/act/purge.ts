// Deletes messages. For `mailq purge` and the service's retention; no message that is being sent is
// touched. Their space is PostgreSQL's to use again (autovacuum).

import type { Filter } from "../../../queue/filter.ts";
import type { PurgeOptions } from "../../../queue/ports/operator.ts";
import { FINAL_STATUSES } from "../../../queue/state.ts";
import type { Database } from "../db/connection.ts";
import { deleteEach, matching } from "../filter/matching.ts";

/** See Operator.purge. */
export async function purge(
  db: Database,
  filter: Filter,
  { finalBefore, includeOpen, onProgress }: PurgeOptions,
  now: number,
): Promise<number> {
  const statuses = filter.statuses ?? (includeOpen ? undefined : FINAL_STATUSES);
  const before = Math.ceil(finalBefore ?? Number.MAX_SAFE_INTEGER);
  // Open mail has no end yet: it is as old as it is in the queue.
  const isOld = includeOpen
    ? finalBefore === null ? "TRUE" : "coalesce(final_at, created_at) < ?"
    : "final_at IS NOT NULL AND final_at < ?";
  const doomed = matching(
    { ...filter, statuses },
    `${isOld} AND claim_token IS NULL`,
    ...isOld.includes("?") ? [before] : [],
  );
  return await deleteEach(db, doomed, { now, onProgress });
}
