// The queue at a glance, from counts that triggers keep: it never walks the messages. And its
// pause, and the note that a round has ended.

import type { StoredStatus } from "../../../queue/state.ts";
import { PRIORITIES } from "../../../queue/message.ts";
import type { Stall } from "../../../queue/policy/stall.ts";
import type { PauseOptions } from "../../../queue/ports/operator.ts";
import type { HealthFigures, QueuePause, QueueStatus, WorkerInfo } from "../../../queue/status.ts";
import { FileLock } from "../../../system/file_lock.ts";
import { int, number } from "../../sql/columns.ts";
import { statusOf } from "../../sql/damage.ts";
import { tellStalled } from "../../sql/relay_events.ts";
import { statusIs } from "../../sql/law.ts";
import { clean, type Connection } from "../db/connection.ts";
import { isQueuePaused, isQueuePauseOver, removeQueuePause } from "../db/queue_pause.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { isInForce } from "../../../queue/policy/pause.ts";
import { allPauses } from "../act/pauses.ts";
import { troubledRelays } from "../claims/relays.ts";
import { lockPath } from "../claims/workers.ts";
import { lockOf } from "../../worker_file.ts";

/** See Reader.status. Reads the tally, never the messages, but for those whose `send_at` came
 *  since a worker last looked: with no worker about they are waiting like all others. */
export async function status(db: Connection, now: number): Promise<QueueStatus> {
  const rows = db.all(
    `SELECT status, sum(n) AS n FROM tally WHERE ${VISIBLE} GROUP BY status`,
  );
  const counts = new Map(rows.map((row) => [statusOf(row.status, "the counts"), int(row.n)]));
  const count = (status: StoredStatus) => counts.get(status) ?? 0;
  const due = db.get(
    `SELECT count(*) AS n, min(send_at) AS since FROM message INDEXED BY scheduled_for
     WHERE ${statusIs("scheduled")} AND send_at <= ? AND ${VISIBLE}`,
    now,
  );
  const dueCount = int(due?.n);
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
    oldestQueuedAt: oldest([...queuedTimes(db), ...dueCount > 0 ? [int(due?.since)] : []]),
    oldestDueAt: oldestDueAt(db, now),
    paused: queuePause(db, now),
    stalledAt: metaNumber(db, "stalled_at"),
    lastRoundAt: metaNumber(db, "last_round_at"),
    workers: await liveWorkers(db),
    relays: troubledRelays(db, now),
    pauses: allPauses(db).filter((pause) => isInForce(pause, now)),
  };
}

function oldest(times: readonly number[]): number | null {
  return times.length === 0 ? null : Math.min(...times);
}

/** When the first message of each lane and priority was queued: one index seek for each. */
export function queuedTimes(db: Connection): number[] {
  const lanes = db.all(
    `SELECT lane FROM tally WHERE ${statusIs("queued")} AND n > 0 AND ${VISIBLE}`,
  );
  const times: number[] = [];
  for (const { lane } of lanes) {
    for (const priority of PRIORITIES.keys()) {
      const row = db.get(
        `SELECT queued_at FROM message INDEXED BY claim_order
         WHERE ${statusIs("queued")} AND lane = ? AND priority = ? ORDER BY queued_at LIMIT 1`,
        int(lane),
        priority,
      );
      if (row !== undefined) times.push(int(row.queued_at));
    }
  }
  return times;
}

/** The next try of the first deferred message, if it has passed: somebody should have queued it. */
function oldestDueAt(db: Connection, now: number): number | null {
  const row = db.get(
    `SELECT next_at FROM message INDEXED BY next_due
     WHERE next_at <= ? AND ${statusIs("deferred")} ORDER BY next_at LIMIT 1`,
    now,
  );
  return row === undefined ? null : int(row.next_at);
}

/** Deferred messages that are looked at for the oldest: those that came first. */
const OLDEST_OF = 1_000;

/** See Reader.healthFigures. */
export function healthFigures(db: Connection, failedSince: number): HealthFigures {
  const oldest = db.get(
    `SELECT min(life_from) AS at FROM (SELECT life_from FROM message INDEXED BY by_status
     WHERE ${statusIs("deferred")} AND ${VISIBLE} ORDER BY seq LIMIT ${OLDEST_OF})`,
  );
  const failed = (["failed", "partial"] as const).map((status) =>
    int(
      db.get(
        `SELECT count(*) AS n FROM message INDEXED BY final_since
         WHERE ${statusIs(status)} AND final_at IS NOT NULL AND final_at > ? AND n_failed > 0`,
        failedSince,
      )?.n,
    )
  );
  const sent = (["sent", "partial"] as const).map((status) =>
    number(
      db.get(
        `SELECT max(final_at) AS at FROM message INDEXED BY final_since
         WHERE ${statusIs(status)} AND final_at IS NOT NULL`,
      )?.at,
    )
  );
  return {
    lastSentAt: sent.reduce((last, at) => Math.max(last ?? 0, at ?? 0) || null),
    oldestDeferredFrom: number(oldest?.at),
    failed: failed.reduce((sum, count) => sum + count, 0),
  };
}

function metaNumber(db: Connection, key: string): number | null {
  const value = metaText(db, key);
  return value === null ? null : number(Number(value));
}

function metaText(db: Connection, key: string): string | null {
  const value = db.get("SELECT value FROM meta WHERE key = ?", key)?.value;
  return value === undefined ? null : String(value);
}

async function liveWorkers(db: Connection): Promise<WorkerInfo[]> {
  const live: WorkerInfo[] = [];
  for (const row of db.all("SELECT * FROM worker ORDER BY id")) {
    const found = await lockOf(lockPath(db, String(row.lock_file)));
    if (found instanceof FileLock) found.release();
    if (found !== "held") continue;
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
export async function noteRound(db: Connection, now: number): Promise<void> {
  await db.write(() => setMeta(db, "last_round_at", String(now)));
}

/** See Claims.noteStall. */
export async function noteStall(
  db: Connection,
  stall: Stall | null,
  now: number,
): Promise<boolean> {
  return await db.write(() => {
    const isNew = (metaText(db, "stalled_at") === null) === (stall !== null);
    if (isNew && stall !== null) {
      setMeta(db, "stalled_at", String(now));
      tellStalled(db, stall, now);
    } else if (isNew) {
      db.run("DELETE FROM meta WHERE key = 'stalled_at'");
      db.tell({ type: "queue.moving" }, now);
    }
    return isNew;
  });
}

/** The pause of the whole queue; null if none holds. */
function queuePause(db: Connection, now: number): QueuePause | null {
  const since = metaNumber(db, "paused_since");
  if (since === null || !isQueuePaused(db, now)) return null;
  return {
    since,
    until: metaNumber(db, "paused_until"),
    reason: metaText(db, "paused_reason"),
  };
}

/** See Operator.pause. */
export async function pause(
  db: Connection,
  { until = null, reason = null }: PauseOptions,
  now: number,
): Promise<boolean> {
  return await db.write(() => {
    if (isQueuePauseOver(db, now)) removeQueuePause(db, now);
    const wasPaused = isQueuePaused(db, now);
    if (!wasPaused) setMeta(db, "paused_since", String(now));
    db.run("DELETE FROM meta WHERE key IN ('paused_until', 'paused_reason')");
    if (until !== null) setMeta(db, "paused_until", String(until));
    if (reason !== null) setMeta(db, "paused_reason", clean(reason) ?? "");
    if (!wasPaused) db.tell({ type: "queue.paused", until, reason }, now);
    return !wasPaused;
  });
}

/** See Operator.resume. */
export async function resume(db: Connection, now: number): Promise<boolean> {
  return await db.write(() => {
    const wasPaused = isQueuePaused(db, now);
    removeQueuePause(db, now);
    return wasPaused;
  });
}

function setMeta(db: Connection, key: string, value: string): void {
  db.run(
    "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    key,
    value,
  );
}
