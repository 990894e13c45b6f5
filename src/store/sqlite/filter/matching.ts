// Goes through the messages of a filter: counts them, acts on each or deletes them, in commits of a
// few hundred so that other writers get their turn.

import { Counts } from "../../../queue/counters.ts";
import { addCounts } from "../counters/add.ts";
import { ShrinkingSteps } from "../db/shrinking_steps.ts";
import type { Filter } from "../../../queue/filter.ts";
import type { OnProgress } from "../../../queue/ports/progress.ts";
import { int, tagsOf } from "../../sql/columns.ts";
import type { Connection, Row, Value } from "../db/connection.ts";
import { shownStatus } from "../../../queue/state.ts";
import type { Condition } from "../../sql/condition.ts";
import { filterCondition, statusCondition } from "../../sql/filter_sql.ts";
import { sqliteDialect } from "./dialect.ts";
import { statusOf } from "../../sql/damage.ts";

/** Messages changed in one commit, so that other writers get their turn. */
const STEP = 500;

/** A filter together with what an action asks of a message; `extra` may name any column. */
export function matching(
  db: Connection,
  filter: Filter,
  extra: string,
  ...extraValues: Value[]
): Condition {
  const { sql, values } = filterCondition(sqliteDialect(db), filter);
  return {
    sql: `(${extra}) AND ${statusCondition(filter.statuses)} AND ${sql}`,
    values: [...extraValues, ...values],
  };
}

export function countMatching(db: Connection, { sql, values }: Condition): number {
  return int(db.get(`SELECT count(*) AS n FROM message WHERE ${sql}`, ...values)?.n);
}

/** Calls `act` for each matching message, oldest first, in commits of a few hundred; returns what
 *  `act` summed up to. The messages are found once, by whatever index is best, and looked at
 *  again when their turn comes. */
export async function onEach(
  db: Connection,
  condition: Condition,
  act: (row: Row) => number,
  onProgress?: OnProgress,
): Promise<number> {
  const seqs = matchingSeqs(db, condition);
  let sum = 0;
  for (let from = 0; from < seqs.length; from += STEP) {
    const step = JSON.stringify(seqs.slice(from, from + STEP));
    sum += await db.write(() =>
      db.all(
        `SELECT seq, id, status, held FROM message
         WHERE seq IN (SELECT value FROM json_each(?)) AND ${condition.sql} ORDER BY seq`,
        step,
        ...condition.values,
      ).reduce((total, row) => total + act(row), 0)
    );
    onProgress?.(Math.min(from + STEP, seqs.length), seqs.length);
  }
  return sum;
}

/** Deletes matching messages in commits of a few hundred, of fewer where the disk has no room for as
 *  many, calling `afterStep` between them; tells of each. */
export async function deleteEach(
  db: Connection,
  condition: Condition,
  { now, afterStep, onProgress }: {
    readonly now: number;
    readonly afterStep: () => Promise<void>;
    readonly onProgress?: OnProgress;
  },
): Promise<number> {
  const seqs = matchingSeqs(db, condition);
  const steps = new ShrinkingSteps(db, STEP);
  let deleted = 0;
  for (let from = 0; from < seqs.length;) {
    const { result, size } = await steps.write((size) => {
      const gone = db.all(
        `DELETE FROM message
         WHERE seq IN (SELECT value FROM json_each(?)) AND ${condition.sql} RETURNING id, status, tags`,
        JSON.stringify(seqs.slice(from, from + size)),
        ...condition.values,
      );
      for (const row of gone) {
        const id = String(row.id);
        const status = shownStatus(statusOf(row.status, `message ${id}`));
        const tags = tagsOf(row.tags, `message ${id}`);
        db.tell({ type: "message.purged", id, status, tags }, now);
      }
      const counts = new Counts();
      if (gone.length > 0) counts.add("purged", [], gone.length);
      addCounts(db, counts);
      return gone.length;
    });
    deleted += result;
    from += size;
    onProgress?.(Math.min(from, seqs.length), seqs.length);
    await afterStep();
  }
  return deleted;
}

function matchingSeqs(db: Connection, { sql, values }: Condition): number[] {
  // As one text: a million rows cost ten times the memory.
  const found = db.get(
    `SELECT json_group_array(seq) AS seqs FROM message WHERE ${sql}`,
    ...values,
  );
  const seqs: unknown = JSON.parse(String(found?.seqs));
  return Array.isArray(seqs) ? seqs.map(Number).sort((a, b) => a - b) : [];
}
