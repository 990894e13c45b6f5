// Deletes old events, in small commits. The service, `send` and `purge` have it done; the newest event
// stays, since the next one's number follows from it.

import { int } from "../../sql/columns.ts";
import type { Row } from "../../sql/row.ts";
import type { Database } from "../db/connection.ts";
import { newestEvent } from "./read.ts";

/** Rows deleted in one commit. */
const STEP = 500;
/** An event of a time so far ahead was written while the clock was wrong: it goes with its elders. */
const CLOCK_SLACK_MS = 24 * 60 * 60_000;

/** See EventLog.purgeEvents. */
export async function purgeEvents(
  db: Database,
  { before, commits, now }: {
    readonly before: number;
    readonly commits: number;
    readonly now: number;
  },
): Promise<boolean> {
  // Those that nobody has read yet count as well.
  await newestEvent(db);
  const isOld = ({ at }: Row) => int(at) < before || int(at) > now + CLOCK_SLACK_MS;
  for (let commit = 0; commit < commits; commit++) {
    const deleted = await db.write(async (tx) => {
      const rows = await tx.all(
        `SELECT last, at FROM event WHERE last < (SELECT max(last) FROM event)
         ORDER BY last LIMIT ${STEP}`,
      );
      const end = rows.findIndex((row) => !isOld(row));
      const old = end < 0 ? rows : rows.slice(0, end);
      const last = old.at(-1)?.last;
      if (last !== undefined) await tx.run("DELETE FROM event WHERE last <= ?", int(last));
      return old.length;
    });
    if (deleted < STEP) return false;
  }
  return true;
}
