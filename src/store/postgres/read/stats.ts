// Figures for the screen that look at messages: what was sent of late, and what fails most. Each
// looks at a bounded number of them.

import { type QueueStats, STATS_HOURS, type TextCount } from "../../../queue/stats.ts";
import type { MessageStatus } from "../../../queue/state.ts";
import { int, number } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { stateIs, statusIs } from "../../sql/law.ts";
import type { Row } from "../../sql/row.ts";
import { countsByHour } from "../../sql/rows/hour_rows.ts";
import type { Sql } from "../db/transaction.ts";
import { queuedTimes } from "./status.ts";

/** The newest messages of each failing status that are looked at: the figure is for people, and
 *  must not take longer the longer a queue has failed. */
const SAMPLE = 5_000;
/** Sent messages that are counted at most. */
const COUNTED = 1_000_000;
const TOP = 10;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const FAILING = (["failed", "partial", "deferred"] as const).map((status) =>
  `(SELECT seq FROM message WHERE ${statusIs(status)} AND ${VISIBLE}
    ORDER BY seq DESC LIMIT ${SAMPLE})`
).join(" UNION ALL ");
const DOMAINS = `SELECT count(DISTINCT seq) AS n, lower(substr(address, at + 1)) AS text
  FROM (SELECT seq, address, strpos(address, '@') AS at FROM recipient
    WHERE ${stateIs("failed", "deferred")} AND seq IN (SELECT seq FROM (${FAILING}) AS failing)
  ) AS placed WHERE at > 0`;

/** See Reader.stats. */
export async function stats(sql: Sql, now: number): Promise<QueueStats> {
  const sentSince = async (since: number) =>
    int(
      (await sql.get(
        `SELECT count(*) AS n FROM (SELECT 1 FROM message WHERE ${statusIs("sent")}
           AND final_at IS NOT NULL AND final_at > ? LIMIT ${COUNTED}) AS sent`,
        since,
      ))?.n,
    );
  const counted = async (select: string): Promise<TextCount[]> => {
    const rows = await sql.all(`${select} GROUP BY text ORDER BY n DESC, text LIMIT ${TOP}`);
    return rows.map((row) => ({ text: String(row.text), count: int(row.n) }));
  };
  return {
    sentLastMinute: await sentSince(now - MINUTE_MS),
    sentLastHour: await sentSince(now - HOUR_MS),
    sentLastDay: await sentSince(now - STATS_HOURS * HOUR_MS),
    sentByHour: await byHour(sql, ["sent"], now),
    failedByHour: await byHour(sql, ["failed", "partial"], now),
    oldestDueAt: await oldestDueAt(sql),
    failingDomains: await counted(DOMAINS),
    sampled: int((await sql.get(`SELECT count(*) AS n FROM (${FAILING}) AS failing`))?.n),
  };
}

/** Messages that came to such an end, hour by hour of the last day. */
async function byHour(
  sql: Sql,
  statuses: readonly MessageStatus[],
  now: number,
): Promise<number[]> {
  const from = now - STATS_HOURS * HOUR_MS;
  const rows: Row[] = [];
  for (const status of statuses) {
    // The newest first: where there are more than are counted, it is the oldest that are left out.
    rows.push(
      ...await sql.all(
        `SELECT div(final_at - ?, ${HOUR_MS})::int AS hour, count(*) AS n FROM
         (SELECT final_at FROM message
          WHERE ${statusIs(status)} AND final_at IS NOT NULL AND final_at > ? AND final_at <= ?
          ORDER BY final_at DESC LIMIT ${COUNTED}) AS ended GROUP BY hour`,
        from,
        from,
        now,
      ),
    );
  }
  return countsByHour(rows);
}

async function oldestDueAt(sql: Sql): Promise<number | null> {
  const row = await sql.get(
    `SELECT least((SELECT min(next_at) FROM message WHERE next_at IS NOT NULL),
       (SELECT min(send_at) FROM message WHERE ${statusIs("scheduled")} AND ${VISIBLE})) AS at`,
  );
  const at = number(row?.at);
  const all = [...await queuedTimes(sql), ...at === null ? [] : [at]];
  return all.length === 0 ? null : Math.min(...all);
}
