// Deletes old events, in small commits so that other writers get their turn. The service, `send` and
// `purge` have it done; how events are stored is told in write.ts.

import { int } from "../../sql/columns.ts";
import type { Connection, Row } from "../db/connection.ts";
import { ShrinkingSteps } from "../db/shrinking_steps.ts";

/** Rows deleted in one commit. */
const STEP = 500;
/** An event of a time so far ahead was written while the clock was wrong: it goes with its elders. */
const CLOCK_SLACK_MS = 24 * 60 * 60_000;

/** See EventLog.purgeEvents. */
export async function purgeEvents(
  db: Connection,
  { before, commits, now }: {
    readonly before: number;
    readonly commits: number;
    readonly now: number;
  },
): Promise<boolean> {
  const isOld = ({ at }: Row) => int(at) < before || int(at) > now + CLOCK_SLACK_MS;
  const steps = new ShrinkingSteps(db, STEP);
  for (let commit = 0; commit < commits; commit++) {
    const [oldest] = db.all("SELECT at FROM event ORDER BY last LIMIT 1");
    if (oldest === undefined || !isOld(oldest)) return false;
    const { result, size } = await steps.write((size) => purgeSome(db, size, isOld));
    if (result < size) return false;
  }
  return true;
}

/** Inside a write. The newest stays: the next one's number follows from it. */
function purgeSome(db: Connection, size: number, isOld: (row: Row) => boolean): number {
  const rows = db.all(
    `SELECT last, at FROM event WHERE last < (SELECT max(last) FROM event)
     ORDER BY last LIMIT ?`,
    size,
  );
  const end = rows.findIndex((row) => !isOld(row));
  const old = end < 0 ? rows : rows.slice(0, end);
  const last = old.at(-1)?.last;
  if (last === undefined) return 0;
  const lanes = db.all(
    `DELETE FROM event_part WHERE id IN (SELECT part FROM event WHERE last <= ?) RETURNING lane`,
    int(last),
  );
  db.run("DELETE FROM event WHERE last <= ?", int(last));
  // What was dropped of a batch is asked for as long as one of its parts is there.
  for (const lane of new Set(lanes.map((row) => int(row.lane)))) {
    db.run(
      `DELETE FROM event_part WHERE lane = ? AND n = 0
       AND NOT EXISTS (SELECT 1 FROM event_part WHERE lane = ? AND n > 0)`,
      lane,
      lane,
    );
  }
  return old.length;
}
