// Goes through the messages of a filter: counts them, acts on each or deletes them, in commits of a
// few hundred so that others get their turn.

import type { Filter } from "../../../queue/filter.ts";
import type { OnProgress } from "../../../queue/ports/progress.ts";
import { int, tagsOf } from "../../sql/columns.ts";
import type { Condition } from "../../sql/condition.ts";
import { filterCondition, statusCondition } from "../../sql/filter_sql.ts";
import type { Row, Value } from "../../sql/row.ts";
import { statusOf } from "../../sql/damage.ts";
import { shownStatus } from "../../../queue/state.ts";
import type { Database } from "../db/connection.ts";
import type { Sql, Write } from "../db/transaction.ts";
import { POSTGRES } from "./dialect.ts";

/** Messages changed in one commit. */
const STEP = 500;

/** A filter together with what an action asks of a message; `extra` may name any column. */
export function matching(filter: Filter, extra: string, ...extraValues: Value[]): Condition {
  const { sql, values } = filterCondition(POSTGRES, filter);
  return {
    sql: `(${extra}) AND ${statusCondition(filter.statuses)} AND ${sql}`,
    values: [...extraValues, ...values],
  };
}

export async function countMatching(db: Sql, { sql, values }: Condition): Promise<number> {
  return int((await db.get(`SELECT count(*) AS n FROM message WHERE ${sql}`, ...values))?.n);
}

/** Locks messages, in the order that everybody locks them in. What others do to them waits, and the
 *  next statement sees what they did before. */
export async function lockMessages(tx: Sql, seqs: readonly number[]): Promise<void> {
  await tx.run("SELECT 1 FROM message WHERE seq = ANY(?) ORDER BY seq FOR UPDATE", seqs);
}

/** Calls `act` for the matching messages, oldest first, in commits of a few hundred, which are locked
 *  meanwhile; resolves to what `act` summed up to. The messages are found once and looked at again
 *  when their turn comes. */
export async function onEach(
  db: Database,
  condition: Condition,
  act: (tx: Write, rows: readonly Row[]) => Promise<number>,
  onProgress?: OnProgress,
): Promise<number> {
  return await inSteps(db, condition, onProgress, async (tx, seqs) => {
    const rows = await tx.all(
      `SELECT seq, id, status, held FROM message WHERE seq = ANY(?) AND ${condition.sql}
       ORDER BY seq`,
      seqs,
      ...condition.values,
    );
    return rows.length === 0 ? 0 : await act(tx, rows);
  });
}

/** Deletes matching messages, with all that belongs to them, and tells of each; resolves to how
 *  many. */
export async function deleteEach(
  db: Database,
  condition: Condition,
  { now, onProgress }: { readonly now: number; readonly onProgress?: OnProgress },
): Promise<number> {
  return await inSteps(db, condition, onProgress, async (tx, seqs) => {
    const gone = await tx.all(
      `DELETE FROM message WHERE seq = ANY(?) AND ${condition.sql} RETURNING id, status, tags`,
      seqs,
      ...condition.values,
    );
    for (const row of gone) {
      const id = String(row.id);
      const status = shownStatus(statusOf(row.status, `message ${id}`));
      const tags = tagsOf(row.tags, `message ${id}`);
      tx.tell({ type: "message.purged", id, status, tags }, now);
    }
    if (gone.length > 0) tx.counts.add("purged", [], gone.length);
    return gone.length;
  });
}

async function inSteps(
  db: Database,
  { sql, values }: Condition,
  onProgress: OnProgress | undefined,
  act: (tx: Write, seqs: readonly number[]) => Promise<number>,
): Promise<number> {
  let sum = 0;
  const found = await db.all(`SELECT seq FROM message WHERE ${sql} ORDER BY seq`, ...values);
  for (let from = 0; from < found.length; from += STEP) {
    const seqs = found.slice(from, from + STEP).map((row) => int(row.seq));
    sum += await db.write(async (tx) => {
      await lockMessages(tx, seqs);
      return await act(tx, seqs);
    });
    onProgress?.(from + seqs.length, found.length);
  }
  return sum;
}
