// Finds workers that have died, queues again what they held, sweeps what they staged; and fails
// mail whose expires_at has passed. Every pass begins with it.

import { discardFile } from "../../../system/files.ts";
import { int } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { statusIs } from "../../sql/law.ts";
import { readBegunTokens } from "../../worker_file.ts";
import type { Database } from "../db/connection.ts";
import { sweepOwner } from "../take_in/open_batch.ts";
import { expireMessages } from "./claim.ts";
import { freeLock, IS_LATE, isDead, WORKERS } from "./life.ts";
import { loseClaims } from "./lost_claims.ts";

/** Requeues what dead workers held and sweeps what dead processes staged. A worker on this machine is
 *  dead when its lock is free, any when its lease is over. */
export async function takeOver(
  db: Database,
  { now, holdsUncertain }: { readonly now: () => number; readonly holdsUncertain: boolean },
): Promise<number> {
  let requeued = 0;
  for (const row of await db.all(WORKERS)) {
    const lock = await freeLock(row);
    if (lock === null && row.is_late !== true) continue;
    const id = int(row.id);
    try {
      // The file tells what began to the byte; what was marked in the queue may not have begun yet.
      const begun = lock === null ? null : readBegunTokens(lock);
      const lost = await db.write(async (tx) => {
        const dead = await tx.get(
          `SELECT 1 FROM worker WHERE id = ? ${lock === null ? `AND ${IS_LATE}` : ""} FOR UPDATE`,
          id,
        );
        if (dead === undefined) return null;
        const count = await loseClaims(tx, id, { begun, holdsUncertain, now: now() });
        // From here on it is seen to be dead, also by itself.
        await tx.run("UPDATE worker SET kind = 'sweep' WHERE id = ?", id);
        return count;
      });
      if (lost === null) continue;
      requeued += lost;
      await sweepOwner(db, id);
      if (lock !== null) discardFile(lock.path);
    } finally {
      lock?.release();
    }
  }
  await tidyTally(db);
  return requeued;
}

/** Whether a registered worker is dead, so that `takeOver` has something to do. */
export async function hasDeadWorker(db: Database): Promise<boolean> {
  for (const row of await db.all(WORKERS)) if (await isDead(row)) return true;
  return false;
}

/** Changes of counts from which on they are put together. */
const MANY_CHANGES = 500;

/** Puts the changes of counts together, so that summing them up stays cheap. */
async function tidyTally(db: Database): Promise<void> {
  const row = await db.get("SELECT count(*) AS n FROM tally");
  if (int(row?.n) < MANY_CHANGES) return;
  await db.write(async (tx) => {
    const mine = await tx.get("SELECT pg_try_advisory_xact_lock(1835101556) AS is_mine");
    if (mine?.is_mine !== true) return;
    await tx.run(
      `WITH gone AS (DELETE FROM tally RETURNING status, n,
         CASE WHEN lane IN (SELECT id FROM batch) THEN lane ELSE 0 END AS lane)
       INSERT INTO tally SELECT lane, status, sum(n) FROM gone
       GROUP BY lane, status HAVING sum(n) <> 0`,
    );
    await tx.run(
      `WITH gone AS (DELETE FROM counter RETURNING name, labels, value)
       INSERT INTO counter SELECT name, labels, sum(value) FROM gone GROUP BY name, labels`,
    );
  }, { isLossy: true });
}

/** See Claims.expireDue. */
export async function expireDue(db: Database, now: () => number): Promise<number> {
  let expired = 0;
  for (;;) {
    const some = await db.write(async (tx) => {
      const time = now();
      const rows = await tx.all(
        `SELECT seq, id FROM message
         WHERE expires_at <= ? AND expires_at IS NOT NULL AND final_at IS NULL
           AND ${statusIs("queued", "scheduled", "deferred")} AND ${VISIBLE}
         ORDER BY seq LIMIT 500 FOR UPDATE SKIP LOCKED`,
        time,
      );
      await expireMessages(tx, rows, time);
      return rows.length;
    });
    expired += some;
    if (some === 0) return expired;
  }
}
