// The counts of the queue for monitors, and figures that its indexes tell without a look at each message.
// For `Counters.figures`; the transactions of what is counted add to them.

import type { StoredCount, StoredFigures } from "../../../queue/ports/counters.ts";
import type { StoredStatus } from "../../../queue/state.ts";
import { int } from "../../sql/columns.ts";
import { certificateEnds, CERTIFICATES } from "../../sql/rows/relay_rows.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { listOf, statusOf } from "../../sql/damage.ts";
import { statusIs } from "../../sql/law.ts";
import type { Sql } from "../db/transaction.ts";

const OPEN = ["queued", "scheduled", "sending", "deferred", "held"] as const;

/** See Counters.figures. */
export async function figures(sql: Sql): Promise<StoredFigures> {
  const counts = await sql.all(
    `SELECT name, labels, sum(value) AS value FROM counter GROUP BY name, labels
     ORDER BY name, labels`,
  );
  return {
    counts: counts.map(({ name, labels, value }): StoredCount => ({
      name: String(name),
      labels: listOf(labels, { whose: `the counter ${name}`, what: "labels" }).map(String),
      value: Number(value),
    })),
    openRecipients: await openRecipients(sql),
    certificateEnds: certificateEnds(await sql.all(CERTIFICATES)),
    suppressions: int((await sql.get("SELECT count(*) AS n FROM suppression"))?.n),
  };
}

/** Each open message has one open recipient at least; the index has those with more. */
async function openRecipients(sql: Sql): Promise<StoredFigures["openRecipients"]> {
  const rows = await sql.all(
    `SELECT status, sum(n) AS n FROM (
       SELECT status, n FROM tally WHERE ${statusIs(...OPEN)} AND ${VISIBLE}
       UNION ALL SELECT status, n_open - 1 FROM message WHERE n_open > 1 AND ${VISIBLE}
     ) AS open GROUP BY status HAVING sum(n) <> 0`,
  );
  return new Map(
    rows.map((row): [StoredStatus, number] => [statusOf(row.status, "the counts"), int(row.n)]),
  );
}
