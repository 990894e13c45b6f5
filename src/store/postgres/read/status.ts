// The queue at a glance, from counts that triggers keep: it never walks the messages. And its
// pause, and the note that a round has ended.

import { PRIORITIES } from "../../../queue/message.ts";
import { isInForce } from "../../../queue/policy/pause.ts";
import type { Stall } from "../../../queue/policy/stall.ts";
import type { PauseOptions } from "../../../queue/ports/operator.ts";
import type { StoredStatus } from "../../../queue/state.ts";
import type { HealthFigures, QueuePause, QueueStatus, WorkerInfo } from "../../../queue/status.ts";
import { int, number, text } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { statusOf } from "../../sql/damage.ts";
import { tellStalled } from "../../sql/relay_events.ts";
import { statusIs } from "../../sql/law.ts";
import { allPauses } from "../act/pauses.ts";
import { IS_PAUSED, isQueuePauseOver, QUEUE_PAUSE_LOCK, removeQueuePause } from "./queue_pause.ts";
import { inboxFigures } from "../inbox/take_in.ts";
import { isDead, WORKERS } from "../claims/life.ts";
import { troubledRelays } from "../claims/relays.ts";
import type { Database } from "../db/connection.ts";
import type { Sql } from "../db/transaction.ts";

/** See Reader.status. Reads the tally, never the messages, but for those whose `send_at` came
 *  since a worker last looked: with no worker about they are waiting like all others. */
export async function status(db: Database, now: number): Promise<QueueStatus> {
  const rows = await db.all(
    `SELECT status, sum(n) AS n FROM tally WHERE ${VISIBLE} GROUP BY status`,
  );
  const counts = new Map(rows.map((row) => [statusOf(row.status, "the counts"), int(row.n)]));
  const count = (status: StoredStatus) => counts.get(status) ?? 0;
  const due = await db.get(
    `SELECT count(*) AS n, min(send_at) AS since FROM message
     WHERE ${statusIs("scheduled")} AND send_at <= ? AND ${VISIBLE}`,
    now,
  );
  const dueCount = int(due?.n);
  const queued = await queuedTimes(db);
  const inbox = await inboxFigures(db);
  return {
    queued: count("queued") + dueCount,
    sending: count("sending"),
    deferred: count("deferred"),
    sent: count("sent"),
    partial: count("partial"),
    failed: count("failed"),
    held: count("held"),
    cancelled: count("cancelled"),
    suppressed: count("suppressed"),
    scheduled: count("scheduled") - dueCount,
    oldestQueuedAt: oldest([
      ...queued,
      ...dueCount > 0 ? [int(due?.since)] : [],
      // Whoever waits for its mail to go does not care where it waits.
      ...inbox.oldestAt === null ? [] : [inbox.oldestAt],
    ]),
    ...inbox.waiting + inbox.refused === 0 ? {} : { inbox },
    oldestDueAt: await oldestDueAt(db, now),
    paused: await queuePause(db, now),
    stalledAt: await metaNumber(db, "stalled_at"),
    lastRoundAt: await metaNumber(db, "last_round_at"),
    workers: await liveWorkers(db),
    relays: await troubledRelays(db, now),
    pauses: (await allPauses(db)).filter((pause) => isInForce(pause, now)),
  };
}

function oldest(times: readonly number[]): number | null {
  return times.length === 0 ? null : Math.min(...times);
}

const QUEUED_TIMES = [...PRIORITIES.keys()].map((priority) =>
  `(SELECT queued_at FROM ready WHERE priority = ${priority} ORDER BY queued_at LIMIT 1)`
).join(" UNION ALL ");

/** When the first message of each priority was queued: one index seek for each. */
export async function queuedTimes(sql: Sql): Promise<number[]> {
  return (await sql.all(QUEUED_TIMES)).map((row) => int(row.queued_at));
}

/** The next try of the first deferred message, if it has passed: somebody should have queued it. */
async function oldestDueAt(sql: Sql, now: number): Promise<number | null> {
  const row = await sql.get(
    `SELECT next_at FROM message WHERE next_at <= ? AND ${statusIs("deferred")}
     ORDER BY next_at LIMIT 1`,
    now,
  );
  return row === undefined ? null : int(row.next_at);
}

/** Deferred messages that are looked at for the oldest: those that came first. */
const OLDEST_OF = 1_000;

/** See Reader.healthFigures. */
export async function healthFigures(sql: Sql, failedSince: number): Promise<HealthFigures> {
  const oldest = await sql.get(
    `SELECT min(life_from) AS at FROM (SELECT life_from FROM message
     WHERE ${statusIs("deferred")} AND ${VISIBLE} ORDER BY seq LIMIT ${OLDEST_OF}) AS first`,
  );
  const failed = await sql.get(
    `SELECT count(*) AS n FROM message WHERE ${statusIs("failed", "partial")}
       AND final_at IS NOT NULL AND final_at > ? AND n_failed > 0`,
    failedSince,
  );
  const sent = await sql.get(
    `SELECT greatest((SELECT max(final_at) FROM message WHERE ${statusIs("sent")}),
       (SELECT max(final_at) FROM message WHERE ${statusIs("partial")})) AS at`,
  );
  const refused = await sql.get(
    "SELECT count(*) AS n FROM refused WHERE refused_at > ?",
    failedSince,
  );
  return {
    lastSentAt: number(sent?.at),
    oldestDeferredFrom: number(oldest?.at),
    failed: int(failed?.n) + int(refused?.n),
  };
}

async function metaNumber(sql: Sql, key: string): Promise<number | null> {
  const value = (await sql.get("SELECT value FROM meta WHERE key = ?", key))?.value;
  return value === undefined ? null : number(Number(value));
}

async function liveWorkers(sql: Sql): Promise<WorkerInfo[]> {
  const live: WorkerInfo[] = [];
  for (const row of await sql.all(`${WORKERS} ORDER BY id`)) {
    if (await isDead(row)) continue;
    live.push({
      id: int(row.id),
      kind: String(row.kind),
      host: String(row.host),
      pid: int(row.pid),
      startedAt: int(row.started_at),
      heartbeatAt: int(row.heartbeat_at),
    });
  }
  return live;
}

/** See Claims.noteRound. */
export async function noteRound(db: Database, now: number): Promise<void> {
  await db.write((tx) => setMeta(tx, "last_round_at", String(now)));
}

/** See Claims.noteStall. */
export async function noteStall(db: Database, stall: Stall | null, now: number): Promise<boolean> {
  return await db.write(async (tx) => {
    await tx.all(QUEUE_PAUSE_LOCK);
    const isNew = (await metaNumber(tx, "stalled_at") === null) === (stall !== null);
    if (isNew && stall !== null) {
      await setMeta(tx, "stalled_at", String(now));
      tellStalled(tx, stall, now);
    } else if (isNew) {
      await tx.run("DELETE FROM meta WHERE key = 'stalled_at'");
      tx.tell({ type: "queue.moving" }, now);
    }
    return isNew;
  });
}

async function isPaused(sql: Sql, now: number): Promise<boolean> {
  return (await sql.get(`SELECT ${IS_PAUSED} AS is_paused`, now))?.is_paused === true;
}

/** The pause of the whole queue; null if none holds. */
async function queuePause(sql: Sql, now: number): Promise<QueuePause | null> {
  const since = await metaNumber(sql, "paused_since");
  if (since === null || !await isPaused(sql, now)) return null;
  const reason = await sql.get("SELECT value FROM meta WHERE key = 'paused_reason'");
  return { since, until: await metaNumber(sql, "paused_until"), reason: text(reason?.value) };
}

/** See Operator.pause. */
export async function pause(
  db: Database,
  { until = null, reason = null }: PauseOptions,
  now: number,
): Promise<boolean> {
  return await db.write(async (tx) => {
    await tx.all(QUEUE_PAUSE_LOCK);
    if (await isQueuePauseOver(tx, now)) await removeQueuePause(tx, now);
    const wasPaused = await isPaused(tx, now);
    if (!wasPaused) await setMeta(tx, "paused_since", String(now));
    await tx.run("DELETE FROM meta WHERE key IN ('paused_until', 'paused_reason')");
    if (until !== null) await setMeta(tx, "paused_until", String(until));
    if (reason !== null) await setMeta(tx, "paused_reason", reason);
    if (!wasPaused) tx.tell({ type: "queue.paused", until, reason }, now);
    return !wasPaused;
  });
}

/** See Operator.resume. */
export async function resume(db: Database, now: number): Promise<boolean> {
  return await db.write(async (tx) => {
    await tx.all(QUEUE_PAUSE_LOCK);
    const wasPaused = await isPaused(tx, now);
    await removeQueuePause(tx, now);
    return wasPaused;
  });
}

async function setMeta(tx: Sql, key: string, value: string): Promise<void> {
  await tx.run(
    "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    key,
    value,
  );
}
