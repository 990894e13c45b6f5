// The time by the database: due times and leases mean the same on every host, however its own clock is
// set. The store measures it when it is opened.

import type { Clock } from "../../../system/time.ts";
import type { Database } from "./connection.ts";

/** A clock that says the database's time, going by the one of this machine from now on. */
export async function databaseClock(db: Database, clock: Clock): Promise<Clock> {
  const skew = await skewOf(db, clock);
  return { now: () => clock.now() + skew };
}

/** By how many ms the database's clock is ahead of this machine's; less than a moment counts as
 *  nothing. */
export async function skewOf(db: Database, clock: Clock): Promise<number> {
  const before = clock.now();
  const row = await db.get("SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now");
  const after = clock.now();
  const skew = Math.round(Number(row?.now) - (before + after) / 2);
  return Math.abs(skew) <= Math.max(NOTHING_MS, after - before) ? 0 : skew;
}

const NOTHING_MS = 20;
