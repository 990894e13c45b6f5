// Lends due messages to a worker: finds the heads of the queue, drops what has expired or is on the
// do-not-send list, and marks the rest as being sent, all in one commit. The claiming thread and
// claiming.ts call it.

import type { Claim, ClaimedRecipient } from "../../../queue/claim.ts";
import type { ClaimBatch, ClaimRequest, WorkerHandle } from "../../../queue/ports/claims.ts";
import { int, tagsOf } from "../../sql/columns.ts";
import type { Connection, Row, Value } from "../db/connection.ts";
import { readEnvelopeDsn, readRecipientDsn } from "../../sql/dsn.ts";
import { suppressedAmong } from "../take_in/enqueue.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { happens, mayHappen, statusIs, word } from "../../sql/law.ts";
import { isQueuePaused } from "../db/queue_pause.ts";
import { PART_BYTES, PARTS_PER_MESSAGE } from "../db/layout.ts";
import { tellFailed } from "../../sql/outcome_events.ts";
import { countUntried } from "../counters/add.ts";
import { refreshMessage } from "./refresh_message.ts";

const COLUMNS = `seq, id, sender, priority, queued_at, life_from, expires_at, size, dot_lines,
  eight_bit, dsn, tags`;

/** Bytes of bodies in one claim, at most: all of them are in memory at the same time. */
const CLAIM_BYTES = 4 * 1024 * 1024;
/** Heads read before it is known how large messages are. */
const FIRST_HEADS = 32;

// The planner would sometimes rather scan by_status: the index is named.
const HEAD_OF_LANE = `SELECT ${COLUMNS} FROM message INDEXED BY claim_order
  WHERE ${statusIs("queued")} AND lane = ? AND last_worker IS NOT ?
  ORDER BY priority, queued_at, seq LIMIT ? OFFSET ?`;

const LANES = `SELECT lane FROM tally WHERE ${statusIs("queued")} AND n > 0
  AND (lane = 0 OR lane IN (SELECT id FROM batch WHERE state = 'visible'))`;

// A batch is claimed with one statement a table: going through the messages one by one took
// twice as long.
const CLAIM_MESSAGES = `UPDATE OR ROLLBACK message SET status = ${
  word("sending")
}, claim_token = ? + claimed.key,
    claim_worker = ?, claimed_at = ?, last_worker = ?
  FROM json_each(?) AS claimed WHERE message.seq = claimed.value`;
const CLAIM_RECIPIENTS = `UPDATE OR ROLLBACK recipient SET ${happens("claim")}
  WHERE seq IN (SELECT value FROM json_each(?)) AND ${mayHappen("claim")}
  RETURNING seq, n, address, tries, failures`;
const ONLY_PART = "SELECT bytes FROM body WHERE part = ?";

/** A ClaimRequest of which only the worker's number matters. */
export interface NumberedRequest extends Omit<ClaimRequest, "worker"> {
  readonly worker: Pick<WorkerHandle, "id">;
}

/** See Claims.claimDue. `onEach` is called before each body is read. */
export async function claimDue(
  db: Connection,
  request: NumberedRequest,
  now: () => number,
  onEach: () => void = () => {},
): Promise<ClaimBatch> {
  let expired = 0, suppressed = 0;
  for (;;) {
    const batch = await db.write(() => claimHeads(db, request, now(), onEach));
    expired += batch.expired;
    suppressed += batch.suppressed;
    // Without claims, but with mail that met its end instead, there may be more behind it.
    if (batch.claims.length > 0 || batch.expired + batch.suppressed === 0) {
      return { claims: batch.claims, expired, suppressed };
    }
  }
}

/** Claims what is at the head of the queue; runs inside a write. */
function claimHeads(
  db: Connection,
  request: NumberedRequest,
  now: number,
  onEach: () => void,
): ClaimBatch {
  const none = { claims: [], expired: 0, suppressed: 0 };
  if (request.limit <= 0 || isQueuePaused(db, now)) return none;
  promoteScheduled(db, now);
  const heads = request.ids === undefined
    ? headsOfLanes(db, request)
    : headsById(db, request, request.ids);
  if (heads.length === 0) return none;
  const due: Row[] = [];
  let expired = 0, suppressed = 0;
  const hasSuppressions = db.get("SELECT 1 FROM suppression LIMIT 1") !== undefined;
  for (const head of heads) {
    if (head.expires_at !== null && int(head.expires_at) <= now) {
      expireMessage(db, head, now);
      expired++;
    } else if (hasSuppressions && !suppressQueued(db, head, now)) {
      suppressed++;
    } else due.push(head);
  }
  return { claims: claimMessages(db, due, request, now, onEach), expired, suppressed };
}

/** Mail whose send_at has come joins the queue as of that time. */
function promoteScheduled(db: Connection, now: number): void {
  db.run(
    `UPDATE OR ROLLBACK message INDEXED BY scheduled_for SET status = ${
      word("queued")
    }, queued_at = send_at
     WHERE ${statusIs("scheduled")} AND send_at <= ?`,
    now,
  );
}

function headsOfLanes(db: Connection, request: NumberedRequest): Row[] {
  const lanes = db.all(LANES);
  const triedBy: Value = request.onlyUntried ? request.worker.id : -1;
  const heads: Row[] = [];
  for (const { lane } of lanes) {
    heads.push(...headsOfLane(db, int(lane), triedBy, request.limit));
  }
  if (lanes.length > 1) heads.sort(byQueueOrder);
  return withinBytes(heads.slice(0, request.limit));
}

function headsById(db: Connection, request: NumberedRequest, ids: readonly string[]): Row[] {
  const heads: Row[] = [];
  for (const id of new Set(ids)) {
    const head = db.get(
      `SELECT ${COLUMNS} FROM message
       WHERE id = ? AND ${statusIs("queued")} AND last_worker IS NOT ? AND ${VISIBLE}`,
      id,
      request.onlyUntried ? request.worker.id : -1,
    );
    if (head !== undefined) heads.push(head);
  }
  return withinBytes(heads.sort(byQueueOrder).slice(0, request.limit));
}

/** The head of a lane, not read much further than its bytes can be claimed. */
function headsOfLane(db: Connection, lane: number, triedBy: Value, limit: number): Row[] {
  const heads: Row[] = [];
  let bytes = 0;
  for (let count = FIRST_HEADS; heads.length < limit && bytes < CLAIM_BYTES;) {
    const wanted = Math.min(count, limit - heads.length);
    const read = db.all(HEAD_OF_LANE, lane, triedBy, wanted, heads.length);
    for (const head of read) heads.push(head);
    if (read.length < wanted) break;
    bytes += read.reduce((sum, head) => sum + claimedBytes(head), 0);
    count = Math.ceil((CLAIM_BYTES - bytes) * heads.length / Math.max(bytes, 1));
  }
  return heads;
}

/** The first messages whose bytes, of those that come with their claim, are not too many. */
function withinBytes(heads: Row[]): Row[] {
  let bytes = 0;
  const end = heads.findIndex((head) => (bytes += claimedBytes(head)) > CLAIM_BYTES);
  return end < 0 ? heads : heads.slice(0, Math.max(end, 1));
}

/** How many of a message's bytes come with its claim. */
function claimedBytes({ size }: Row): number {
  return int(size) <= PART_BYTES ? int(size) : 0;
}

function byQueueOrder(a: Row, b: Row): number {
  return int(a.priority) - int(b.priority) || int(a.queued_at) - int(b.queued_at) ||
    int(a.seq) - int(b.seq);
}

function claimMessages(
  db: Connection,
  heads: readonly Row[],
  { worker, bodyBytes = CLAIM_BYTES }: NumberedRequest,
  now: number,
  onEach: () => void,
): Claim[] {
  if (heads.length === 0) return [];
  const firstToken = takeTokens(db, heads.length);
  const seqs = JSON.stringify(heads.map((head) => int(head.seq)));
  db.run(CLAIM_MESSAGES, firstToken, worker.id, now, worker.id, seqs);
  const recipients = claimRecipients(db, seqs);
  const bodies = readSmallBodies(db, heads, bodyBytes, onEach);
  return heads.map((head, i): Claim => {
    const seq = int(head.seq);
    const claimed = recipients.get(seq) ?? [];
    return {
      seq,
      id: String(head.id),
      token: firstToken + i,
      sender: String(head.sender),
      lifeFrom: int(head.life_from),
      recipients: head.dsn === null ? claimed : withDsn(db, seq, claimed),
      sizeBytes: int(head.size),
      dotLines: int(head.dot_lines),
      isEightBit: head.eight_bit === 1,
      content: bodies.get(seq) ?? null,
      ...(head.dsn === null ? {} : { dsn: readEnvelopeDsn(head.dsn) ?? NO_DSN }),
      ...(head.tags === null ? {} : { tags: tagsOf(head.tags, `message ${head.id}`) }),
    };
  });
}

/** Takes `count` claim tokens that no claim ever had, and returns the first. */
function takeTokens(db: Connection, count: number): number {
  const row = db.get(
    "UPDATE OR ROLLBACK meta SET value = value + ? WHERE key = 'claim_token' RETURNING value",
    count,
  );
  return int(row?.value) - count + 1;
}

function claimRecipients(db: Connection, seqs: string): Map<number, ClaimedRecipient[]> {
  const bySeq = new Map<number, ClaimedRecipient[]>();
  for (const row of db.all(CLAIM_RECIPIENTS, seqs)) {
    const recipient: ClaimedRecipient = {
      n: int(row.n),
      address: String(row.address),
      tries: int(row.tries),
      failures: int(row.failures),
    };
    const seq = int(row.seq);
    const ofMessage = bySeq.get(seq);
    if (ofMessage === undefined) bySeq.set(seq, [recipient]);
    else ofMessage.push(recipient);
  }
  // RETURNING promises no order.
  for (const ofMessage of bySeq.values()) ofMessage.sort((a, b) => a.n - b.n);
  return bySeq;
}

const NO_DSN = { ret: null, envid: null };

/** Few messages ask for notices: theirs are read apart. */
function withDsn(
  db: Connection,
  seq: number,
  claimed: readonly ClaimedRecipient[],
): ClaimedRecipient[] {
  const rows = db.all("SELECT n, dsn FROM recipient WHERE seq = ? AND dsn IS NOT NULL", seq);
  const asked = new Map(rows.map((row) => [int(row.n), readRecipientDsn(row.dsn)]));
  return claimed.map((recipient) => {
    const dsn = asked.get(recipient.n) ?? null;
    return dsn === null ? recipient : { ...recipient, dsn };
  });
}

/** The bodies that are one row, by the message's seq, as far as there is room. One that is not
 *  whole is left out: reading it in pieces reports the damage. */
function readSmallBodies(
  db: Connection,
  heads: readonly Row[],
  roomBytes: number,
  onEach: () => void,
): Map<number, Uint8Array> {
  const bodies = new Map<number, Uint8Array>();
  let left = roomBytes;
  for (const head of heads) {
    const size = int(head.size), seq = int(head.seq);
    if (size > PART_BYTES) continue;
    left -= size;
    if (left < 0) break;
    onEach();
    const bytes = db.get(ONLY_PART, seq * PARTS_PER_MESSAGE)?.bytes;
    if (bytes instanceof Uint8Array && bytes.length === size) bodies.set(seq, bytes);
  }
  return bodies;
}

/** Fails what is open in a message, of which `row` has `seq` and `id`, whose `expires_at` has
 *  passed. */
export function expireMessage(db: Connection, row: Row, now: number): void {
  const seq = int(row.seq), id = String(row.id);
  const failed = db.all(
    `UPDATE recipient SET ${happens("expire")} WHERE seq = ? AND ${mayHappen("expire")}
     RETURNING address, code, enhanced, reply`,
    seq,
  );
  db.tell({ type: "message.expired", id, recipients: failed.length }, now);
  for (const recipient of failed) tellFailed(db, id, recipient, { reason: "deadline", now });
  countUntried(db, "expired", failed.length);
  refreshMessage(db, seq, now);
}

/** Suppresses queued recipients that were listed since enqueue; false if none is left queued. */
function suppressQueued(db: Connection, head: Row, now: number): boolean {
  const seq = int(head.seq), id = String(head.id);
  const queued = db.all(
    `SELECT n, address FROM recipient WHERE seq = ? AND ${mayHappen("suppress")}`,
    seq,
  );
  const listed = new Set(suppressedAmong(db, queued.map((row) => String(row.address))));
  if (listed.size === 0) return true;
  for (const row of queued) {
    if (!listed.has(String(row.address))) continue;
    db.run(`UPDATE recipient SET ${happens("suppress")} WHERE seq = ? AND n = ?`, seq, int(row.n));
    db.tell({ type: "recipient.suppressed", id, address: String(row.address) }, now);
  }
  countUntried(db, "suppressed", listed.size);
  refreshMessage(db, seq, now);
  return listed.size < queued.length;
}
