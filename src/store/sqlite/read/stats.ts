// Figures for the screen that look at messages: what was sent of late, and what fails most. Each
// looks at a bounded number of them.

import { type QueueStats, STATS_HOURS, type TextCount } from "../../../queue/stats.ts";
import type { MessageStatus } from "../../../queue/state.ts";
import { int, number } from "../../sql/columns.ts";
import { stateIs, statusIs } from "../../sql/law.ts";
import type { Row } from "../../sql/row.ts";
import { countsByHour } from "../../sql/rows/hour_rows.ts";
import type { Connection } from "../db/connection.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { queuedTimes } from "./status.ts";

/** The newest messages of each failing status that are looked at: the figure is for people, and
 *  must not take longer the longer a queue has failed. */
const SAMPLE = 5_000;
/** Sent messages that are counted at most. */
const COUNTED = 1_000_000;
const TOP = 10;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** See Reader.stats. */
export function stats(db: Connection, now: number): QueueStats {
  const sentSince = (since: number) =>
    int(
      db.get(
        `SELECT count(*) AS n FROM (SELECT 1 FROM message INDEXED BY final_since
         WHERE ${statusIs("sent")} AND final_at IS NOT NULL AND final_at > ? LIMIT ${COUNTED})`,
        since,
      )?.n,
    );
  const failing = (["failed", "partial", "deferred"] as const).map((status) =>
    `SELECT * FROM (SELECT seq FROM message INDEXED BY by_status
     WHERE ${statusIs(status)} AND ${VISIBLE} ORDER BY seq DESC LIMIT ${SAMPLE})`
  ).join(" UNION ALL ");
  const counted = (select: string): TextCount[] =>
    db.all(`${select} GROUP BY text ORDER BY n DESC, text LIMIT ${TOP}`).map((row) => ({
      text: String(row.text),
      count: int(row.n),
    }));
  return {
    sentLastMinute: sentSince(now - MINUTE_MS),
    sentLastHour: sentSince(now - HOUR_MS),
    sentLastDay: sentSince(now - STATS_HOURS * HOUR_MS),
    sentByHour: byHour(db, ["sent"], now),
    failedByHour: byHour(db, ["failed", "partial"], now),
    oldestDueAt: oldestDueAt(db),
    failingDomains: counted(
      `SELECT count(DISTINCT seq) AS n, lower(substr(address, at + 1)) AS text
       FROM (SELECT seq, address, instr(address, '@') AS at FROM recipient
             WHERE ${stateIs("failed", "deferred")} AND seq IN (SELECT seq FROM (${failing})))
       WHERE at > 0`,
    ),
    sampled: int(db.get(`SELECT count(*) AS n FROM (${failing})`)?.n),
  };
}

/** Messages that came to such an end, hour by hour of the last day. */
function byHour(db: Connection, statuses: readonly MessageStatus[], now: number): number[] {
  const from = now - STATS_HOURS * HOUR_MS;
  const rows: Row[] = [];
  for (const status of statuses) {
    // The newest first: where there are more than are counted, it is the oldest that are left out.
    rows.push(...db.all(
      `SELECT CAST((final_at - ?) / ${HOUR_MS} AS INTEGER) AS hour, count(*) AS n FROM
         (SELECT final_at FROM message INDEXED BY final_since
          WHERE ${statusIs(status)} AND final_at IS NOT NULL AND final_at > ? AND final_at <= ?
          ORDER BY final_at DESC LIMIT ${COUNTED}) GROUP BY hour`,
      from,
      from,
      now,
    ));
  }
  return countsByHour(rows);
}

function oldestDueAt(db: Connection): number | null {
  const times = [
    db.get("SELECT min(next_at) AS at FROM message WHERE next_at IS NOT NULL"),
    db.get(
      `SELECT min(send_at) AS at FROM message INDEXED BY scheduled_for
       WHERE ${statusIs("scheduled")} AND ${VISIBLE}`,
    ),
  ].map((row) => number(row?.at)).filter((at) => at !== null);
  const all = [...queuedTimes(db), ...times];
  return all.length === 0 ? null : Math.min(...all);
}
