// A queue on PostgreSQL as one side of `mailq copy`. The store calls it; the statements are
// sql/copy's, and what is written differently stands here.

import type { Copying } from "../../../queue/ports/copying.ts";
import type { Clock } from "../../../system/time.ts";
import { queueCopying } from "../../sql/copy/queue_copying.ts";
import type { CopyDialect, Steps } from "../../sql/copy/steps.ts";
import type { Database } from "../db/connection.ts";
import { NUMBER_LOCK } from "../events/read.ts";
import type { Sql } from "../db/transaction.ts";

const DIALECT: CopyDialect = {
  // A message gets its seq in the order of those it had.
  rowsOf: (table, columns) =>
    `SELECT ${columns.map((name) => `one.${name}`).join(", ")}
     FROM jsonb_populate_recordset(NULL::${table}, ?::jsonb) AS one
     ${table === "message" ? "ORDER BY one.seq" : ""}`,
  insertMessage: "INSERT INTO message",
  parts: "SELECT seq, bytes FROM body WHERE seq BETWEEN ? AND ? ORDER BY seq, part",
  insertPart: "INSERT INTO body (seq, part, bytes) VALUES (?, ?, ?)",
  isIn: (column) => `${column} IN (SELECT jsonb_array_elements_text(?::jsonb))`,
  // Whoever changes a message, or what belongs to it, locks its row first.
  locks: "FOR UPDATE",
  lockMessages: "LOCK TABLE message IN SHARE MODE",
  lockEvents: NUMBER_LOCK,
  addCount: "INSERT INTO counter (name, labels, value) VALUES (?, ?, ?)",
  // Those that have no number yet are newer than any.
  newestEvent: `SELECT (SELECT coalesce(max(last), 0) FROM event)
    + (SELECT count(*) FROM event_new) AS last`,
};

export function copying(db: Database, clock: Clock): Copying {
  return queueCopying(
    (make) => db.write((tx) => runAll(tx, make()), { isLong: true }),
    DIALECT,
    clock,
  );
}

async function runAll<T>(tx: Sql, steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (step.done !== true) step = steps.next(await tx.all(step.value.sql, ...step.value.values));
  return step.value;
}
