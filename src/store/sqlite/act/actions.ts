// What a person does to many messages: retry, resend, cancel, hold, release. In commits of a few
// hundred; which messages a filter means is filter/matching.ts's.

import type {
  ActionResult,
  ResendOptions,
  RetryOptions,
  RetryResult,
} from "../../../queue/ports/operator.ts";
import type { OnProgress } from "../../../queue/ports/progress.ts";
import type { Filter } from "../../../queue/filter.ts";
import { int } from "../../sql/columns.ts";
import { happens, mayHappen, stateIs, word } from "../../sql/law.ts";
import type { Connection, Row } from "../db/connection.ts";
import type { Condition } from "../../sql/condition.ts";
import { countMatching, matching, onEach } from "../filter/matching.ts";
import { useRelaysAgain } from "../claims/relays.ts";
import { countUntried } from "../counters/add.ts";
import { refreshMessage } from "../claims/refresh_message.ts";

// It stays a literal: the partial index `exhausted` serves no other condition.
const EXHAUSTED = `final_reason = ${word("retries")}`;
const RETRY = `UPDATE recipient SET ${happens("retry")}
  WHERE seq = ? AND ${mayHappen("retry")} AND next_at <= ?`;
const RESEND = `UPDATE recipient SET ${happens("resend")}, tries = 0, failures = 0
  WHERE seq = ? AND ${mayHappen("resend")}`;
const RESEND_UNSENT = `UPDATE recipient SET ${happens("resend")}, tries = 0, failures = 0
  WHERE seq = ? AND ${mayHappen("resend", ["sent"])}`;
const CANCEL = `UPDATE recipient SET ${happens("cancel")} WHERE seq = ? AND ${mayHappen("cancel")}`;
const COUNT_SENDING = `SELECT count(*) AS n FROM recipient WHERE seq = ? AND ${stateIs("sending")}`;

const FOR_EVER = Number.MAX_SAFE_INTEGER;

/** See Operator.retry. */
export async function retry(
  db: Connection,
  filter: Filter,
  { dueOnly, onProgress }: RetryOptions,
  now: number,
): Promise<RetryResult> {
  const until = dueOnly ? now : FOR_EVER;
  const requeued = await requeueDeferred(db, filter, { now, until, onProgress });
  if (!dueOnly) await useRelaysAgain(db, now);
  const exhausted = countMatching(db, matching(db, filter, EXHAUSTED));
  return { requeued, exhausted };
}

/** See Claims.requeueDue. */
export async function requeueDue(db: Connection, now: number): Promise<number> {
  const next = db.get("SELECT min(next_at) AS at FROM message WHERE next_at IS NOT NULL")?.at;
  return typeof next === "number" && next <= now
    ? await requeueDeferred(db, {}, { now, until: now })
    : 0;
}

/** See Claims.requeueAfter. */
export async function requeueAfter(db: Connection, latest: number, now: number): Promise<number> {
  return await requeueMatching(db, matching(db, {}, "next_at > ?", latest), now);
}

/** Moves recipients whose next try is not after `until` back to queued. */
async function requeueDeferred(
  db: Connection,
  filter: Filter,
  { now, ...options }: RequeueOptions & { readonly now: number; readonly until: number },
): Promise<number> {
  const due = matching(db, filter, "next_at IS NOT NULL AND next_at <= ?", options.until);
  return await requeueMatching(db, due, now, options);
}

interface RequeueOptions {
  /** Recipients whose next try is later stay as they are. */
  readonly until?: number;
  readonly onProgress?: OnProgress;
}

/** Moves recipients of these messages back to queued. */
export async function requeueMatching(
  db: Connection,
  condition: Condition,
  now: number,
  { until = FOR_EVER, onProgress }: RequeueOptions = {},
): Promise<number> {
  return await onEach(db, condition, (row) => {
    db.run(RETRY, int(row.seq), until);
    requeue(db, row, now);
    return 1;
  }, onProgress);
}

/** Brings up to date a message some of whose recipients became queued; it keeps its place if it was
 *  queued already. */
function requeue(db: Connection, row: Row, now: number): void {
  if (row.status !== "queued") {
    db.run("UPDATE OR ROLLBACK message SET queued_at = ? WHERE seq = ?", now, int(row.seq));
  }
  refreshMessage(db, int(row.seq), now);
}

/** See Operator.resend. */
export async function resend(
  db: Connection,
  filter: Filter,
  { unsentOnly, onProgress }: ResendOptions,
  now: number,
): Promise<ActionResult> {
  const sql = unsentOnly ? RESEND_UNSENT : RESEND;
  const withoutBody = countMatching(db, matching(db, filter, "body_kept = 0"));
  const result = await actOn(db, filter, "body_kept = 1", (row) => {
    const seq = int(row.seq);
    const recipients = db.run(sql, seq);
    if (recipients === 0) return false;
    db.tell({ type: "message.resent", id: String(row.id), recipients }, now);
    // An expiry that has passed would fail it again at once.
    db.run(
      `UPDATE OR ROLLBACK message SET queued_at = ?, life_from = max(?, coalesce(send_at, 0)), tries = 0,
         lost = 0, final_at = NULL, expires_at = CASE WHEN expires_at > ? THEN expires_at END
       WHERE seq = ?`,
      now,
      now,
      now,
      seq,
    );
    refreshMessage(db, seq, now);
    return true;
  }, onProgress);
  return { ...result, withoutBody };
}

/** See Operator.cancel. */
export async function cancel(db: Connection, filter: Filter, now: number): Promise<ActionResult> {
  return await actOn(db, filter, "final_at IS NULL", (row) => {
    const recipients = db.run(CANCEL, int(row.seq));
    if (recipients === 0) return false;
    db.tell({ type: "message.cancelled", id: String(row.id), recipients }, now);
    countUntried(db, "cancelled", recipients);
    refreshMessage(db, int(row.seq), now);
    return true;
  });
}

/** See Operator.hold. */
export async function hold(db: Connection, filter: Filter, now: number): Promise<ActionResult> {
  return await actOn(db, filter, "final_at IS NULL", (row) => {
    if (row.held === 1) return false;
    db.run("UPDATE OR ROLLBACK message SET held = 1 WHERE seq = ?", int(row.seq));
    db.tell({ type: "message.held", id: String(row.id), reason: null }, now);
    refreshMessage(db, int(row.seq), now);
    return true;
  });
}

/** See Operator.release. */
export async function release(db: Connection, filter: Filter, now: number): Promise<ActionResult> {
  return await actOn(db, filter, "held = 1 AND final_at IS NULL", (row) => {
    db.run(
      `UPDATE OR ROLLBACK message SET held = 0, lost = 0, life_from = max(?, coalesce(send_at, 0))
       WHERE seq = ?`,
      now,
      int(row.seq),
    );
    db.tell({ type: "message.released", id: String(row.id) }, now);
    requeue(db, row, now);
    return true;
  });
}

/** Runs an action on every message of the filter and counts what it changed and what not. */
async function actOn(
  db: Connection,
  filter: Filter,
  applies: string,
  act: (row: Row) => boolean,
  onProgress?: OnProgress,
): Promise<ActionResult> {
  const all = countMatching(db, matching(db, filter, "1"));
  let sendingRecipients = 0;
  const changed = await onEach(db, matching(db, filter, applies), (row) => {
    if (row.status === "sending" || row.status === "held") {
      const sending = db.get(COUNT_SENDING, int(row.seq));
      sendingRecipients += int(sending?.n);
    }
    return act(row) ? 1 : 0;
  }, onProgress);
  const unchanged = Math.max(0, all - changed);
  return { changed, unchanged, withoutBody: 0, sendingRecipients };
}
