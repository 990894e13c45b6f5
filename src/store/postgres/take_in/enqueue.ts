// Inserts messages, many at once: their rows, recipients, tags, words and bytes. Plain enqueueing,
// stages and batches do it alike.

import {
  type ContentFacts,
  type NewMessage,
  PRIORITIES,
  type WholeMessage,
} from "../../../queue/message.ts";
import type { Enqueued } from "../../../queue/ports/intake.ts";
import type { StoredStatus } from "../../../queue/state.ts";
import { int } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { tellEnqueued } from "../../sqlite/events/write.ts";
import { type Bound, json, type Sql, type Write } from "../db/transaction.ts";
import { PART_BYTES } from "../db/layout.ts";

const INSERT_MESSAGES = `INSERT INTO message
    (id, lane, status, held, priority, queued_at, life_from, created_at, send_at, expires_at,
     final_at, n_total, n_open, size, dot_lines, eight_bit, sender, first_recipient, subject,
     header_from, header_to, message_id, tags, key, submitter, replaces, dsn, changes)
  SELECT id, lane, status, held, priority, queued_at, life_from, created_at, send_at, expires_at,
     final_at, n_total, n_open, size, dot_lines, eight_bit, sender, first_recipient, subject,
     header_from, header_to, message_id, tags, key, submitter, replaces, dsn, changes
  FROM jsonb_to_recordset(?::jsonb) AS one
    (place integer, id text, lane bigint, status text, held smallint, priority smallint,
     queued_at bigint, life_from bigint, created_at bigint, send_at bigint, expires_at bigint,
     final_at bigint, n_total integer, n_open integer, size bigint, dot_lines bigint,
     eight_bit smallint, sender text, first_recipient text, subject text, header_from text,
     header_to text, message_id text, tags text, key text, submitter text, replaces text, dsn text,
     changes text)
  ORDER BY place RETURNING seq, id`;
const INSERT_RECIPIENTS = `INSERT INTO recipient (seq, n, address, state, dsn)
  SELECT seq, n, address, state, dsn FROM jsonb_to_recordset(?::jsonb) AS one
    (seq bigint, n integer, address text, state text, dsn text)`;
const INSERT_TAGS = `INSERT INTO tag (tag, seq)
  SELECT tag, seq FROM jsonb_to_recordset(?::jsonb) AS one (tag text, seq bigint)
  ON CONFLICT DO NOTHING`;
/** Rows of bodies in one statement, at most, and bytes. */
const BODY_ROWS = 256;
const BODY_BYTES = 4 * 1024 * 1024;

/** A message with what is known of its bytes, or with the bytes themselves. */
export interface Incoming {
  readonly message: NewMessage;
  readonly facts: ContentFacts;
  readonly content: Uint8Array | null;
  /** Its facts come later, and so does what is told of it. */
  readonly isTold?: false;
}

/** A message's row number (null if its key was known), and what the caller is told. */
interface Inserted {
  readonly seq: number | null;
  readonly enqueued: Enqueued;
}

export function incoming(message: WholeMessage): Incoming {
  return { message, facts: message, content: message.content };
}

/** Inserts messages that the queue may know by their keys. Runs inside a write. */
export async function enqueueAll(tx: Write, messages: readonly Incoming[]): Promise<Inserted[]> {
  const keys = messages.flatMap(({ message: { key } }) => key ?? []);
  const known = keys.length === 0 ? new Map<string, Enqueued>() : await knownKeys(tx, keys);
  return await insertUnknown(tx, messages, { known, lane: null });
}

/** Where messages go in. */
interface Place {
  /** What the keys there stand for; gets those of what is inserted. */
  readonly known: Map<string, Enqueued>;
  /** Null = the queue itself; what is staged in a lane has its keys in `staged_key`. */
  readonly lane: number | null;
}

/** Inserts those messages whose key is not known; runs inside a write. */
export async function insertUnknown(
  tx: Write,
  messages: readonly Incoming[],
  { known, lane }: Place,
): Promise<Inserted[]> {
  const results: (Inserted | null)[] = [];
  const fresh: Incoming[] = [];
  for (const one of messages) {
    const { key, id } = one.message;
    const first = key === null ? undefined : known.get(key);
    if (first === undefined) {
      fresh.push(one);
      if (key !== null) known.set(key, { id, isKnownKey: true, suppressed: [] });
    }
    results.push(first === undefined ? null : { seq: null, enqueued: first });
  }
  const inserted = (await insertAll(tx, fresh, lane)).values();
  return results.map((known) => known ?? inserted.next().value ?? unreachable());
}

function unreachable(): never {
  throw new Error("a message in, none out");
}

/** Inserts messages into a lane; runs inside a write. */
async function insertAll(
  tx: Write,
  messages: readonly Incoming[],
  lane: number | null,
): Promise<Inserted[]> {
  if (messages.length === 0) return [];
  const listed = await listedAmong(tx, messages.flatMap(({ message }) => message.recipients));
  const entries = messages.map((one, place) => {
    const suppressed = one.message.recipients.filter((each) => listed.has(each.toLowerCase()));
    return { ...one, suppressed, row: newRow(one, { suppressed, lane, place }) };
  });
  const rows = await tx.all(INSERT_MESSAGES, json(entries.map(({ row }) => row)));
  const seqs = new Map(rows.map((row) => [String(row.id), int(row.seq)]));
  const inserted = entries.map((entry) => ({ ...entry, seq: int(seqs.get(entry.message.id)) }));
  await Promise.all([
    tx.run(INSERT_RECIPIENTS, json(inserted.flatMap(recipientRows))),
    insertTags(tx, inserted),
    lane === null ? 0 : stageKeys(tx, inserted),
    insertBodies(tx, inserted),
  ]);
  for (const { message, facts, suppressed, isTold } of inserted) {
    countSuppressed(tx, suppressed.length);
    if (isTold === false) continue;
    tellEnqueued(tx, message, facts.sizeBytes, { lane: lane ?? 0, suppressed });
  }
  return inserted.map(({ seq, message: { id }, suppressed }) => ({
    seq,
    enqueued: { id, isKnownKey: false, suppressed },
  }));
}

function recipientRows(
  { seq, message, suppressed }: {
    readonly seq: number;
    readonly message: NewMessage;
    readonly suppressed: readonly string[];
  },
): Record<string, unknown>[] {
  const isSuppressed = new Set(suppressed);
  return message.recipients.map((address, n) => {
    const asked = message.dsn?.recipients[n] ?? null;
    return {
      seq,
      n,
      address,
      state: isSuppressed.has(address) ? "suppressed" : "queued",
      dsn: asked && json(asked),
    };
  });
}

const STAGE_KEYS = `INSERT INTO staged_key (seq, key)
  SELECT seq, key FROM jsonb_to_recordset(?::jsonb) AS one (seq bigint, key text)`;

// Should their process die, another call with the key must not have taken staged messages for mail
// that is in the queue.
async function stageKeys(
  tx: Sql,
  inserted: readonly { readonly seq: number; readonly message: NewMessage }[],
): Promise<void> {
  const keys = inserted.flatMap(({ seq, message: { key } }) => key === null ? [] : { seq, key });
  if (keys.length > 0) await tx.run(STAGE_KEYS, json(keys));
}

async function insertTags(
  tx: Sql,
  inserted: readonly { readonly seq: number; readonly message: NewMessage }[],
): Promise<void> {
  const tags = inserted.flatMap(({ seq, message }) => message.tags.map((tag) => ({ tag, seq })));
  if (tags.length > 0) await tx.run(INSERT_TAGS, json(tags));
}

/** A part of a body. */
export interface BodyPart {
  readonly seq: number;
  readonly part: number;
  readonly bytes: Uint8Array;
}

async function insertBodies(
  tx: Sql,
  inserted: readonly { readonly seq: number; readonly content: Uint8Array | null }[],
): Promise<void> {
  await insertParts(
    tx,
    inserted.flatMap(({ seq, content }) => content === null ? [] : partsOf(seq, content)),
  );
}

function partsOf(seq: number, content: Uint8Array): BodyPart[] {
  const parts = Math.max(1, Math.ceil(content.length / PART_BYTES));
  return Array.from({ length: parts }, (_, part) => ({
    seq,
    part,
    bytes: content.subarray(part * PART_BYTES, (part + 1) * PART_BYTES),
  }));
}

/** Inserts parts of bodies, as binary values; runs inside a write. */
export async function insertParts(tx: Sql, parts: readonly BodyPart[]): Promise<void> {
  const statements: Promise<number>[] = [];
  for (let from = 0; from < parts.length;) {
    let bytes = 0, to = from;
    while (to < parts.length && to - from < BODY_ROWS && (to === from || bytes < BODY_BYTES)) {
      bytes += parts[to++]?.bytes.length ?? 0;
    }
    const some = parts.slice(from, to);
    statements.push(tx.run(
      `INSERT INTO body (seq, part, bytes) VALUES ${some.map(() => "(?, ?, ?)").join(", ")}`,
      ...some.flatMap(({ seq, part, bytes }): Bound[] => [seq, part, bytes]),
    ));
    from = to;
  }
  await Promise.all(statements);
}

function newRow(
  { message, facts }: Incoming,
  { suppressed, lane, place }: {
    readonly suppressed: readonly string[];
    readonly lane: number | null;
    readonly place: number;
  },
): Record<string, unknown> {
  const { createdAt, sendAt, isHeld, display, tags, dsn = null, changes = [] } = message;
  const total = message.recipients.length;
  const open = total - suppressed.length;
  const isScheduled = sendAt !== null && sendAt > createdAt;
  const status: StoredStatus = open === 0
    ? "suppressed"
    : isHeld
    ? "held"
    : isScheduled
    ? "scheduled"
    : "queued";
  const startsAt = isScheduled ? sendAt : createdAt;
  return {
    place,
    id: message.id,
    lane: lane ?? 0,
    status,
    held: isHeld && open > 0 ? 1 : 0,
    priority: PRIORITIES.indexOf(message.priority),
    queued_at: startsAt,
    life_from: startsAt,
    created_at: createdAt,
    send_at: sendAt,
    expires_at: message.expiresAt,
    final_at: open === 0 ? createdAt : null,
    n_total: total,
    n_open: open,
    size: facts.sizeBytes,
    dot_lines: facts.dotLines,
    eight_bit: facts.isEightBit ? 1 : 0,
    sender: message.sender,
    first_recipient: message.recipients[0] ?? "",
    subject: display.subject,
    header_from: display.from,
    header_to: display.to,
    message_id: display.messageId,
    tags: tags.length > 0 ? json(tags) : null,
    key: lane === null ? message.key : null,
    submitter: message.submitter ?? null,
    replaces: message.replaces ?? null,
    dsn: dsn === null ? null : json({ ret: dsn.ret, envid: dsn.envid }),
    changes: changes.length > 0 ? json(changes) : null,
  };
}

/** Counts recipients that were suppressed without an attempt; inside a write. */
export function countSuppressed(tx: Write, recipients: number): void {
  if (recipients > 0) tx.counts.add("recipients", ["none", "suppressed", "none"], recipients);
}

/** The messages in the queue that have one of these keys, by it. */
export async function knownKeys(sql: Sql, keys: readonly string[]): Promise<Map<string, Enqueued>> {
  const rows = await sql.all(
    `SELECT id, key FROM message WHERE key IN (SELECT jsonb_array_elements_text(?::jsonb))
       AND key IS NOT NULL AND ${VISIBLE}`,
    json(keys),
  );
  return new Map(rows.map((row) => [String(row.key), knownMessage(row.id)]));
}

/** What a second message with the key of the one with this id is answered with. */
export function knownMessage(id: unknown): Enqueued {
  return { id: String(id), isKnownKey: true, suppressed: [] };
}

/** The addresses among `addresses`, in small letters, that are on the do-not-send list. */
export async function listedAmong(sql: Sql, addresses: readonly string[]): Promise<Set<string>> {
  const rows = await sql.all(
    `SELECT address FROM suppression
     WHERE address IN (SELECT jsonb_array_elements_text(?::jsonb))`,
    json(addresses.map((address) => address.toLowerCase())),
  );
  return new Set(rows.map((row) => String(row.address)));
}
