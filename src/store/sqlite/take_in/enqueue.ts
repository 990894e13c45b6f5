// Inserts messages: the row, its recipients, tags and bytes. Plain enqueueing, stages and batches
// do it alike. Loaded by every `mailq enqueue`: keep it small.

import {
  type ContentFacts,
  type NewMessage,
  PRIORITIES,
  type WholeMessage,
} from "../../../queue/message.ts";
import type { Enqueued } from "../../../queue/ports/intake.ts";
import { clean, type Connection, type Row } from "../db/connection.ts";
import { tellEnqueued } from "../events/write.ts";
import { PART_BYTES, PARTS_PER_MESSAGE } from "../db/layout.ts";

const INSERT_MESSAGE = `INSERT OR ROLLBACK INTO message
  (id, lane, status, held, priority, queued_at, life_from, created_at, send_at, expires_at,
   final_at, n_total, n_open, size, dot_lines, eight_bit, sender, first_recipient, subject,
   header_from, header_to, message_id, tags, key, submitter, replaces, dsn, changes)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const INSERT_RECIPIENT =
  "INSERT INTO recipient (seq, n, address, state, dsn) VALUES (?, ?, ?, ?, ?)";
const INSERT_PART = "INSERT INTO body (part, bytes) VALUES (?, ?)";

// As `addCounts` of counters/add.ts, which would be one more module to load.
const COUNT = `INSERT INTO counter (name, labels, value) VALUES (?, ?, ?)
  ON CONFLICT (name, labels) DO UPDATE SET value = value + excluded.value`;
const SUPPRESSED = JSON.stringify(["none", "suppressed", "none"]);

/** A message's row number (null if its key was known), and what the caller is told. */
export interface Inserted {
  readonly seq: number | null;
  readonly enqueued: Enqueued;
}

/** Inserts a message with its bytes into `lane`, and tells of it as it is `told`: with the key that it
 *  gets at the commit of its batch. Runs inside a write. */
export function insertMessage(
  db: Connection,
  message: WholeMessage,
  lane: number,
  told: NewMessage = message,
): Inserted {
  const inserted = insertEnvelope(db, message, message, lane);
  if (inserted.seq !== null) {
    tellEnqueued(db, told, message.sizeBytes, { lane, suppressed: inserted.enqueued.suppressed });
    const { content } = message;
    if (content.length <= PART_BYTES) insertPart(db, inserted.seq, 0, content);
    else {
      for (let n = 0; n * PART_BYTES < content.length; n++) {
        insertPart(db, inserted.seq, n, content.subarray(n * PART_BYTES, (n + 1) * PART_BYTES));
      }
    }
  }
  return inserted;
}

export function insertPart(db: Connection, seq: number, n: number, bytes: Uint8Array): void {
  db.run(INSERT_PART, seq * PARTS_PER_MESSAGE + n, bytes);
}

/** Inserts a message without its bytes, and tells nobody; runs inside a write. */
export function insertEnvelope(
  db: Connection,
  message: NewMessage,
  facts: ContentFacts,
  lane: number,
): Inserted {
  const known = knownKey(db, message.key);
  if (known !== null) return { seq: null, enqueued: known };
  if (message.key !== null) freeKey(db, message.key);
  const suppressed = suppressedAmong(db, message.recipients);
  const open = message.recipients.length - suppressed.length;
  const { sendAt, createdAt } = message;
  const isScheduled = sendAt !== null && sendAt > createdAt;
  const status = open === 0
    ? "suppressed"
    : message.isHeld
    ? "held"
    : isScheduled
    ? "scheduled"
    : "queued";
  const startsAt = isScheduled ? sendAt : createdAt;
  const { display, dsn = null, changes = [] } = message;
  const seq = db.insert(
    INSERT_MESSAGE,
    message.id,
    lane,
    status,
    message.isHeld && open > 0 ? 1 : 0,
    PRIORITIES.indexOf(message.priority),
    startsAt,
    startsAt,
    createdAt,
    sendAt,
    message.expiresAt,
    open === 0 ? createdAt : null,
    message.recipients.length,
    open,
    facts.sizeBytes,
    facts.dotLines,
    facts.isEightBit ? 1 : 0,
    message.sender,
    message.recipients[0] ?? "",
    clean(display.subject),
    clean(display.from),
    clean(display.to),
    clean(display.messageId),
    message.tags.length > 0 ? JSON.stringify(message.tags) : null,
    message.key,
    message.submitter ?? null,
    message.replaces ?? null,
    dsn === null ? null : JSON.stringify({ ret: dsn.ret, envid: dsn.envid }),
    changes.length > 0 ? JSON.stringify(changes) : null,
  );
  const isSuppressed = new Set(suppressed);
  for (const [n, address] of message.recipients.entries()) {
    const state = isSuppressed.has(address) ? "suppressed" : "queued";
    const asked = dsn?.recipients[n] ?? null;
    db.run(INSERT_RECIPIENT, seq, n, address, state, asked && JSON.stringify(asked));
  }
  if (suppressed.length > 0) db.run(COUNT, "recipients", SUPPRESSED, suppressed.length);
  for (const tag of message.tags) db.run("INSERT OR IGNORE INTO tag VALUES (?, ?)", tag, seq);
  return { seq, enqueued: { id: message.id, isKnownKey: false, suppressed } };
}

/** Counts messages that came in; runs inside a write. */
export function countEnqueued(db: Connection, way: string, messages: number): void {
  if (messages > 0) db.run(COUNT, "enqueued", JSON.stringify([way]), messages);
}

/** What a second message of `key` is answered with; null if it would be the first. */
export function knownKey(db: Connection, key: string | null): Enqueued | null {
  if (key === null) return null;
  const row = db.get(
    `SELECT id FROM message WHERE key = ?
       AND (lane = 0 OR lane NOT IN (SELECT id FROM batch WHERE state = 'staged'))`,
    key,
  );
  return row === undefined ? null : knownMessage(row);
}

/** What a second message with the key of the one in `row` is answered with. */
export function knownMessage({ id }: Row): Enqueued {
  return { id: String(id), isKnownKey: true, suppressed: [] };
}

/** Takes a key that is not known from the staged message that has it set, which gets it back at the
 *  commit of its batch if it is free then (staged_keys.ts). Runs inside a write. */
export function freeKey(db: Connection, key: string): void {
  const seq = db.get("SELECT seq FROM message WHERE key = ?", key)?.seq;
  if (typeof seq !== "number") return;
  db.run("UPDATE OR ROLLBACK message SET key = NULL WHERE seq = ?", seq);
  db.run("INSERT INTO staged_key VALUES (?, ?)", seq, key);
}

/** The addresses among `addresses` that are on the do-not-send list, in any case. */
export function suppressedAmong(db: Connection, addresses: readonly string[]): string[] {
  if (db.get("SELECT 1 FROM suppression LIMIT 1") === undefined) return [];
  return addresses.filter((address) =>
    db.get("SELECT 1 FROM suppression WHERE address = ?", address.toLowerCase()) !== undefined
  );
}
