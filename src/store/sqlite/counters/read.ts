// Reads the counts of the queue, and figures that its indexes tell without a look at each message. For
// `Counters.figures`; add.ts makes the counts.

import type { StoredCount, StoredFigures } from "../../../queue/ports/counters.ts";
import { int } from "../../sql/columns.ts";
import { certificateEnds, CERTIFICATES } from "../../sql/rows/relay_rows.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { listOf, statusOf } from "../../sql/damage.ts";
import { statusIs } from "../../sql/law.ts";
import type { StoredStatus } from "../../../queue/state.ts";
import type { Connection } from "../db/connection.ts";

const OPEN = ["queued", "scheduled", "sending", "deferred", "held"] as const;

/** See Counters.figures. */
export function figures(db: Connection): StoredFigures {
  return {
    counts: db.all("SELECT name, labels, value FROM counter ORDER BY name, labels").map(
      ({ name, labels, value }): StoredCount => ({
        name: String(name),
        labels: listOf(labels, { whose: `the counter ${name}`, what: "labels" }).map(String),
        value: Number(value),
      }),
    ),
    openRecipients: openRecipients(db),
    certificateEnds: certificateEnds(db.all(CERTIFICATES)),
    suppressions: int(db.get("SELECT count(*) AS n FROM suppression")?.n),
  };
}

/** Each open message has one open recipient at least; the index has those with more. */
function openRecipients(db: Connection): StoredFigures["openRecipients"] {
  const open = new Map<StoredStatus, number>();
  const add = (sql: string) => {
    for (const { status, n } of db.all(sql)) {
      const known = statusOf(status, "the counts");
      open.set(known, (open.get(known) ?? 0) + int(n));
    }
  };
  add(
    `SELECT status, sum(n) AS n FROM tally WHERE ${
      statusIs(...OPEN)
    } AND ${VISIBLE} GROUP BY status`,
  );
  add(`SELECT status, sum(n_open - 1) AS n FROM message INDEXED BY many_open
    WHERE n_open > 1 AND ${VISIBLE} GROUP BY status`);
  return open;
}
