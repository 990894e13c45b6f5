// What a person does to many messages: retry, resend, cancel, hold, release. In commits of a few
// hundred; which messages a filter means is filter/matching.ts's.

import type { Filter } from "../../../queue/filter.ts";
import type {
  ActionResult,
  ResendOptions,
  RetryOptions,
  RetryResult,
} from "../../../queue/ports/operator.ts";
import type { OnProgress } from "../../../queue/ports/progress.ts";
import { int } from "../../sql/columns.ts";
import type { Condition } from "../../sql/condition.ts";
import { happens, mayHappen, stateIs, word } from "../../sql/law.ts";
import type { Row } from "../../sql/row.ts";
import type { Database } from "../db/connection.ts";
import type { Sql, Write } from "../db/transaction.ts";
import { refreshMessages } from "../claims/refresh_messages.ts";
import { useRelaysAgain } from "../claims/relays.ts";
import { countMatching, matching, onEach } from "../filter/matching.ts";

const RETRY = `UPDATE recipient SET ${happens("retry")}
  WHERE seq = ANY(?) AND ${mayHappen("retry")} AND next_at <= ?`;
const RESEND = `UPDATE recipient SET ${happens("resend")}, tries = 0, failures = 0
  WHERE seq = ANY(?) AND ${mayHappen("resend")} RETURNING seq`;
const RESEND_UNSENT = `UPDATE recipient SET ${happens("resend")}, tries = 0, failures = 0
  WHERE seq = ANY(?) AND ${mayHappen("resend", ["sent"])} RETURNING seq`;
/** Gives up what waits of messages. */
export const CANCEL = `UPDATE recipient SET ${happens("cancel")}
  WHERE seq = ANY(?) AND ${mayHappen("cancel")} RETURNING seq`;
const COUNT_SENDING = `SELECT count(*) AS n FROM recipient
  WHERE seq = ANY(?) AND ${stateIs("sending")}`;

const FOR_EVER = Number.MAX_SAFE_INTEGER;

/** See Operator.retry. */
export async function retry(
  db: Database,
  filter: Filter,
  { dueOnly, onProgress }: RetryOptions,
  now: number,
): Promise<RetryResult> {
  const until = dueOnly ? now : FOR_EVER;
  const due = matching(filter, "next_at IS NOT NULL AND next_at <= ?", until);
  const requeued = await requeueMatching(db, due, now, { until, onProgress });
  if (!dueOnly) await useRelaysAgain(db, now);
  const exhausted = await countMatching(
    db,
    matching(filter, `final_reason = ${word("retries")}`),
  );
  return { requeued, exhausted };
}

/** See Claims.requeueDue. */
export async function requeueDue(db: Database, now: number): Promise<number> {
  const next = await db.get("SELECT min(next_at) AS at FROM message WHERE next_at IS NOT NULL");
  if (typeof next?.at !== "number" || next.at > now) return 0;
  const due = matching({}, "next_at IS NOT NULL AND next_at <= ?", now);
  return await requeueMatching(db, due, now, { until: now });
}

/** See Claims.requeueAfter. */
export async function requeueAfter(db: Database, latest: number, now: number): Promise<number> {
  const last = await db.get("SELECT max(next_at) AS at FROM message WHERE next_at IS NOT NULL");
  if (typeof last?.at !== "number" || last.at <= latest) return 0;
  return await requeueMatching(db, matching({}, "next_at > ?", Math.floor(latest)), now);
}

interface RequeueOptions {
  /** Recipients whose next try is later stay as they are. */
  readonly until?: number;
  readonly onProgress?: OnProgress;
}

/** Moves recipients of these messages back to queued. */
export async function requeueMatching(
  db: Database,
  condition: Condition,
  now: number,
  { until = FOR_EVER, onProgress }: RequeueOptions = {},
): Promise<number> {
  return await onEach(db, condition, async (tx, rows) => {
    await tx.run(RETRY, seqsOf(rows), until);
    await requeue(tx, rows, now);
    return rows.length;
  }, onProgress);
}

function seqsOf(rows: readonly Row[]): number[] {
  return rows.map((row) => int(row.seq));
}

/** Brings messages up to date some of whose recipients became queued; those that were queued already
 *  keep their place. */
async function requeue(tx: Sql, rows: readonly Row[], now: number): Promise<void> {
  const moved = seqsOf(rows.filter((row) => row.status !== "queued"));
  await tx.run("UPDATE message SET queued_at = ? WHERE seq = ANY(?)", now, moved);
  await refreshMessages(tx, seqsOf(rows), now);
}

/** The messages that a statement with RETURNING seq has changed, with how many of their recipients. */
async function changedBy(tx: Sql, sql: string, rows: readonly Row[]): Promise<Changed[]> {
  const bySeq = Map.groupBy(await tx.all(sql, seqsOf(rows)), (row) => int(row.seq));
  return rows.flatMap((row) => {
    const recipients = bySeq.get(int(row.seq))?.length ?? 0;
    return recipients === 0 ? [] : [{ seq: int(row.seq), id: String(row.id), recipients }];
  });
}

interface Changed {
  readonly seq: number;
  readonly id: string;
  readonly recipients: number;
}

/** See Operator.resend. */
export async function resend(
  db: Database,
  filter: Filter,
  { unsentOnly, onProgress }: ResendOptions,
  now: number,
): Promise<ActionResult> {
  const withoutBody = await countMatching(db, matching(filter, "body_kept = 0"));
  const result = await actOn(db, filter, "body_kept = 1", async (tx, rows) => {
    const changed = await changedBy(tx, unsentOnly ? RESEND_UNSENT : RESEND, rows);
    const seqs = changed.map(({ seq }) => seq);
    for (const { id, recipients } of changed) {
      tx.tell({ type: "message.resent", id, recipients }, now);
    }
    // An expiry that has passed would fail it again at once.
    await tx.run(
      `UPDATE message SET queued_at = ?, life_from = greatest(?, coalesce(send_at, 0)), tries = 0,
         lost = 0, final_at = NULL, expires_at = CASE WHEN expires_at > ? THEN expires_at END
       WHERE seq = ANY(?)`,
      now,
      now,
      now,
      seqs,
    );
    await refreshMessages(tx, seqs, now);
    return seqs.length;
  }, onProgress);
  return { ...result, withoutBody };
}

/** See Operator.cancel. */
export async function cancel(db: Database, filter: Filter, now: number): Promise<ActionResult> {
  return await actOn(db, filter, "final_at IS NULL", async (tx, rows) => {
    const changed = await changedBy(tx, CANCEL, rows);
    const seqs = changed.map(({ seq }) => seq);
    for (const { id, recipients } of changed) {
      tx.tell({ type: "message.cancelled", id, recipients }, now);
      tx.counts.add("recipients", ["none", "cancelled", "none"], recipients);
    }
    await refreshMessages(tx, seqs, now);
    return seqs.length;
  });
}

/** See Operator.hold. */
export async function hold(db: Database, filter: Filter, now: number): Promise<ActionResult> {
  return await actOn(db, filter, "final_at IS NULL", async (tx, rows) => {
    const free = rows.filter((row) => row.held !== 1);
    const seqs = seqsOf(free);
    for (const { id } of free) tx.tell({ type: "message.held", id: String(id), reason: null }, now);
    await tx.run("UPDATE message SET held = 1 WHERE seq = ANY(?)", seqs);
    await refreshMessages(tx, seqs, now);
    return seqs.length;
  });
}

/** See Operator.release. */
export async function release(db: Database, filter: Filter, now: number): Promise<ActionResult> {
  return await actOn(db, filter, "held = 1 AND final_at IS NULL", async (tx, rows) => {
    await tx.run(
      `UPDATE message SET held = 0, lost = 0, life_from = greatest(?, coalesce(send_at, 0))
       WHERE seq = ANY(?)`,
      now,
      seqsOf(rows),
    );
    for (const { id } of rows) tx.tell({ type: "message.released", id: String(id) }, now);
    await requeue(tx, rows, now);
    return rows.length;
  });
}

/** Runs an action on every message of the filter and counts what it changed and what not. */
async function actOn(
  db: Database,
  filter: Filter,
  applies: string,
  act: (tx: Write, rows: readonly Row[]) => Promise<number>,
  onProgress?: OnProgress,
): Promise<ActionResult> {
  const all = await countMatching(db, matching(filter, "TRUE"));
  let sendingRecipients = 0;
  const changed = await onEach(db, matching(filter, applies), async (tx, rows) => {
    const busy = rows.filter(({ status }) => status === "sending" || status === "held");
    const sending = busy.length === 0 ? null : await tx.get(COUNT_SENDING, seqsOf(busy));
    const count = await act(tx, rows);
    sendingRecipients += int(sending?.n ?? 0);
    return count;
  }, onProgress);
  return { changed, unchanged: Math.max(0, all - changed), withoutBody: 0, sendingRecipients };
}
