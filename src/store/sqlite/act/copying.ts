// A queue in a file as one side of `mailq copy`. The store calls it; the statements are
// sql/copy's, and what is written differently stands here.

import type { Copying } from "../../../queue/ports/copying.ts";
import type { Clock } from "../../../system/time.ts";
import { queueCopying } from "../../sql/copy/queue_copying.ts";
import type { CopyDialect, Steps } from "../../sql/copy/steps.ts";
import type { Connection } from "../db/connection.ts";
import { PARTS_PER_MESSAGE } from "../db/layout.ts";

const DIALECT: CopyDialect = {
  rowsOf: (_, columns) =>
    `SELECT ${columns.map((name) => `json_each.value ->> '${name}'`).join(", ")}
     FROM json_each(?) WHERE true`,
  insertMessage: "INSERT OR ROLLBACK INTO message",
  parts: `SELECT part / ${PARTS_PER_MESSAGE} AS seq, bytes FROM body
    WHERE part >= ? * ${PARTS_PER_MESSAGE} AND part < (? + 1) * ${PARTS_PER_MESSAGE} ORDER BY part`,
  insertPart: `INSERT INTO body (part, bytes) VALUES (? * ${PARTS_PER_MESSAGE} + ?, ?)`,
  isIn: (column) => `${column} IN (SELECT value FROM json_each(?))`,
  locks: "",
  lockMessages: null,
  lockEvents: null,
  addCount: `INSERT INTO counter (name, labels, value) VALUES (?, ?, ?)
    ON CONFLICT (name, labels) DO UPDATE SET value = value + excluded.value`,
  newestEvent: "SELECT coalesce(max(last), 0) AS last FROM event",
};

export function copying(db: Connection, clock: Clock): Copying {
  return queueCopying((make) => db.write(() => runAll(db, make())), DIALECT, clock);
}

function runAll<T>(db: Connection, steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next(db.all(step.value.sql, ...step.value.values));
  return step.value;
}
