// Lends due messages to a worker: finds the heads of the queue, drops what has expired or is on the
// do-not-send list, and marks the rest as being sent, all in one commit. The store calls it.

import type { Claim, ClaimedRecipient } from "../../../queue/claim.ts";
import type { ClaimBatch, ClaimRequest } from "../../../queue/ports/claims.ts";
import { int, tagsOf } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { readEnvelopeDsn, readRecipientDsn } from "../../sql/dsn.ts";
import { happens, mayHappen, statusIs, word } from "../../sql/law.ts";
import type { Row } from "../../sql/row.ts";
import { tellFailed } from "../../sql/outcome_events.ts";
import type { Database } from "../db/connection.ts";
import { json, type Sql, type Write } from "../db/transaction.ts";
import { PART_BYTES } from "../db/layout.ts";
import { IS_PAUSED } from "../read/queue_pause.ts";
import { countSuppressed, listedAmong } from "../take_in/enqueue.ts";
import { refreshMessages } from "./refresh_messages.ts";
import type { PostgresWorker } from "./workers.ts";

const COLUMNS = ["seq", "id", "sender", "life_from", "expires_at", "size", "dot_lines", "eight_bit"]
  .concat("dsn", "tags").map((name) => `message.${name}`).join(", ");

/** Bytes of bodies in one claim, at most: all of them are in memory at the same time. */
const CLAIM_BYTES = 4 * 1024 * 1024;

const LOOK = `SELECT
  ${IS_PAUSED} AS is_paused,
  EXISTS (SELECT 1 FROM suppression) AS has_suppressions,
  EXISTS (SELECT 1 FROM message WHERE ${statusIs("scheduled")} AND send_at <= ?) AS has_scheduled`;

// What another has locked is another's: it is claimed or changed just now.
const HEADS = `SELECT ${COLUMNS} FROM ready JOIN message ON message.seq = ready.seq
  WHERE message.last_worker IS DISTINCT FROM ?
  ORDER BY ready.priority, ready.queued_at, ready.seq LIMIT ?
  FOR UPDATE OF ready, message SKIP LOCKED`;
const HEADS_BY_ID = `SELECT ${COLUMNS} FROM message
  WHERE id IN (SELECT jsonb_array_elements_text(?::jsonb)) AND ${statusIs("queued")}
    AND last_worker IS DISTINCT FROM ? AND ${VISIBLE}
  ORDER BY priority, queued_at, seq LIMIT ? FOR UPDATE OF message SKIP LOCKED`;

const PROMOTE = `UPDATE message SET status = ${word("queued")}, queued_at = send_at
  WHERE seq IN (SELECT seq FROM message WHERE ${statusIs("scheduled")} AND send_at <= ?
    ORDER BY send_at LIMIT 1000 FOR UPDATE SKIP LOCKED)`;
const CLAIM_MESSAGES = `UPDATE message SET status = ${word("sending")},
    claim_token = nextval('mailq.claim_token'), claim_worker = ?, claimed_at = ?, last_worker = ?
  WHERE seq = ANY(?) RETURNING seq, claim_token`;
const CLAIM_RECIPIENTS = `UPDATE recipient SET ${happens("claim")}
  WHERE seq = ANY(?) AND ${mayHappen("claim")} RETURNING seq, n, address, tries, failures, dsn`;
const BODIES = "SELECT seq, bytes FROM body WHERE seq = ANY(?) AND part = 0";

type PostgresRequest = Omit<ClaimRequest, "worker"> & { readonly worker: PostgresWorker };

/** See Claims.claimDue. */
export async function claimDue(
  db: Database,
  request: PostgresRequest,
  now: () => number,
): Promise<ClaimBatch> {
  let expired = 0, suppressed = 0;
  if (request.limit <= 0) return { claims: [], expired, suppressed };
  for (;;) {
    // A crash of the database may lose a claim; before its bytes go out it is marked for good.
    const batch = await db.write((tx) => claimHeads(tx, request, now()), { isLossy: true });
    expired += batch.expired;
    suppressed += batch.suppressed;
    // Without claims, but with mail that met its end instead, there may be more behind it.
    if (batch.claims.length > 0 || batch.expired + batch.suppressed === 0) {
      return { claims: batch.claims, expired, suppressed };
    }
  }
}

async function claimHeads(tx: Write, request: PostgresRequest, now: number): Promise<ClaimBatch> {
  const none = { claims: [], expired: 0, suppressed: 0 };
  const { worker } = request;
  const [look] = await Promise.all([tx.get(LOOK, now, now), worker.hold(tx)]);
  if (look?.is_paused === true) return none;
  // Mail whose send_at has come joins the queue as of that time.
  while (look?.has_scheduled === true && await tx.run(PROMOTE, now) > 0);
  const found = withinBytes(await headsOf(tx, request));
  if (found.length === 0) return none;
  const late = found.filter(({ expires_at }) => expires_at !== null && int(expires_at) <= now);
  await expireMessages(tx, late, now);
  const alive = found.filter((row) => !late.includes(row));
  const gone = look?.has_suppressions === true
    ? await suppressQueued(tx, alive, now)
    : new Set<number>();
  const due = alive.filter((row) => !gone.has(int(row.seq)));
  return {
    claims: await claimMessages(tx, due, request, now),
    expired: late.length,
    suppressed: gone.size,
  };
}

async function headsOf(tx: Sql, { worker, ids, limit, onlyUntried }: PostgresRequest) {
  const triedBy = onlyUntried ? worker.id : -1;
  return ids === undefined
    ? await tx.all(HEADS, triedBy, limit)
    : await tx.all(HEADS_BY_ID, json(ids), triedBy, limit);
}

/** The first messages whose bytes, of those that come with their claim, are not too many. */
function withinBytes(heads: readonly Row[]): readonly Row[] {
  let bytes = 0;
  const end = heads.findIndex((head) => (bytes += claimedBytes(head)) > CLAIM_BYTES);
  return end < 0 ? heads : heads.slice(0, Math.max(end, 1));
}

/** How many of a message's bytes come with its claim. */
function claimedBytes({ size }: Row): number {
  return int(size) <= PART_BYTES ? int(size) : 0;
}

async function claimMessages(
  tx: Sql,
  heads: readonly Row[],
  { worker, bodyBytes = CLAIM_BYTES }: PostgresRequest,
  now: number,
): Promise<Claim[]> {
  if (heads.length === 0) return [];
  const seqs = heads.map((head) => int(head.seq));
  const [tokens, recipients, bodies] = await Promise.all([
    tx.all(CLAIM_MESSAGES, worker.id, now, worker.id, seqs),
    tx.all(CLAIM_RECIPIENTS, seqs),
    tx.all(BODIES, seqsWithBody(heads, bodyBytes)),
  ]);
  const tokenOf = new Map(tokens.map((row) => [int(row.seq), int(row.claim_token)]));
  const bodyOf = new Map(bodies.map((row) => [int(row.seq), row.bytes]));
  // RETURNING promises no order.
  const recipientsOf = Map.groupBy(
    recipients.toSorted((a, b) => int(a.n) - int(b.n)),
    (row) => int(row.seq),
  );
  return heads.map((head): Claim => {
    const seq = int(head.seq);
    const body = bodyOf.get(seq);
    const hasDsn = head.dsn !== null;
    return {
      seq,
      id: String(head.id),
      token: int(tokenOf.get(seq)),
      sender: String(head.sender),
      lifeFrom: int(head.life_from),
      recipients: (recipientsOf.get(seq) ?? []).map((row) => toClaimed(row, hasDsn)),
      sizeBytes: int(head.size),
      dotLines: int(head.dot_lines),
      isEightBit: head.eight_bit === 1,
      // One that is not whole is left out: reading it in pieces reports the damage.
      content: body instanceof Uint8Array && body.length === int(head.size)
        ? new Uint8Array(body.buffer, body.byteOffset, body.length)
        : null,
      ...(hasDsn ? { dsn: readEnvelopeDsn(head.dsn) ?? { ret: null, envid: null } } : {}),
      ...(head.tags === null ? {} : { tags: tagsOf(head.tags, `message ${head.id}`) }),
    };
  });
}

function toClaimed(row: Row, hasDsn: boolean): ClaimedRecipient {
  const dsn = hasDsn ? readRecipientDsn(row.dsn) : null;
  return {
    n: int(row.n),
    address: String(row.address),
    tries: int(row.tries),
    failures: int(row.failures),
    ...(dsn === null ? {} : { dsn }),
  };
}

/** Those whose body is one row, as far as there is room. */
function seqsWithBody(heads: readonly Row[], roomBytes: number): number[] {
  const seqs: number[] = [];
  let left = roomBytes;
  for (const head of heads) {
    const size = int(head.size);
    if (size > PART_BYTES) continue;
    left -= size;
    if (left < 0) break;
    seqs.push(int(head.seq));
  }
  return seqs;
}

/** Fails what is open in messages, of which rows have `seq` and `id`, whose `expires_at` has passed;
 *  runs inside a write that has locked them. */
export async function expireMessages(
  tx: Write,
  messages: readonly Row[],
  now: number,
): Promise<void> {
  if (messages.length === 0) return;
  const seqs = messages.map((row) => int(row.seq));
  const failed = await tx.all(
    `UPDATE recipient SET ${happens("expire")} WHERE seq = ANY(?) AND ${mayHappen("expire")}
     RETURNING seq, address, code, enhanced, reply`,
    seqs,
  );
  const bySeq = Map.groupBy(failed, (row) => int(row.seq));
  for (const row of messages) {
    const id = String(row.id);
    const recipients = bySeq.get(int(row.seq)) ?? [];
    tx.tell({ type: "message.expired", id, recipients: recipients.length }, now);
    for (const one of recipients) tellFailed(tx, id, one, { reason: "deadline", now });
  }
  if (failed.length > 0) tx.counts.add("recipients", ["none", "expired", "none"], failed.length);
  await refreshMessages(tx, seqs, now);
}

/** Suppresses queued recipients that were listed since enqueue; resolves to the messages of which none
 *  is left queued. */
async function suppressQueued(
  tx: Write,
  heads: readonly Row[],
  now: number,
): Promise<Set<number>> {
  const queued = await tx.all(
    `SELECT seq, n, address FROM recipient WHERE seq = ANY(?) AND ${mayHappen("suppress")}`,
    heads.map((row) => int(row.seq)),
  );
  const listed = await listedAmong(tx, queued.map((row) => String(row.address)));
  const isListed = (row: Row) => listed.has(String(row.address).toLowerCase());
  const doomed = queued.filter(isListed);
  if (doomed.length === 0) return new Set();
  await tx.run(
    `UPDATE recipient SET ${happens("suppress")}
     FROM jsonb_to_recordset(?::jsonb) AS one (of_seq bigint, of_n integer)
     WHERE seq = of_seq AND n = of_n`,
    json(doomed.map((row) => ({ of_seq: row.seq, of_n: row.n }))),
  );
  const ids = new Map(heads.map((row) => [int(row.seq), String(row.id)]));
  for (const { seq, address } of doomed) {
    const id = ids.get(int(seq)) ?? "";
    tx.tell({ type: "recipient.suppressed", id, address: String(address) }, now);
  }
  countSuppressed(tx, doomed.length);
  const changed = new Set(doomed.map((row) => int(row.seq)));
  await refreshMessages(tx, [...changed], now);
  const left = new Set(queued.filter((row) => !isListed(row)).map((row) => int(row.seq)));
  return new Set([...changed].filter((seq) => !left.has(seq)));
}
