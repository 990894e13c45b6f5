// Columns as the values they stand for, and a message's row as its summary. Whoever reads rows uses
// these; what no mailq writes is told as damage (damage.ts).

import type { MessageSummary } from "../../queue/message.ts";
import { shownStatus } from "../../queue/state.ts";
import type { Row } from "./row.ts";
import { listOf, priorityOf, reasonOf, statusOf } from "./damage.ts";

export function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

/** A column that is NOT NULL in the schema. */
export function int(value: unknown): number {
  return Number(value);
}

/** Reads `message.tags`. Throws `queue_corrupt` if it is no list. */
export function tagsOf(value: unknown, whose: string): string[] {
  return listOf(value, { whose, what: "list of tags" }).map(String);
}

/** Reads `message.changes`. Throws `queue_corrupt` if it is no list. */
export function changesOf(value: unknown, whose: string): string[] {
  return listOf(value, { whose, what: "list of changes" }).map(String);
}

/** The columns a summary is read from. */
export const SUMMARY = `seq, id, status, held, priority, created_at, send_at, expires_at, next_at,
  sent_at, final_reason, tries, n_total, n_open, n_sent, n_failed, size, sender, first_recipient,
  subject, header_from, header_to, message_id, tags, key, last_reply,
  submitter, replaces`;

/** Throws `queue_corrupt` if a column holds what mailq never writes. */
export function toSummary(row: Row): MessageSummary {
  const whose = `message ${row.id}`;
  const status = statusOf(row.status, whose);
  const sendAt = number(row.send_at);
  return {
    seq: int(row.seq),
    id: String(row.id),
    status: shownStatus(status),
    isHeld: row.held === 1,
    finalReason: reasonOf(row.final_reason, whose),
    sender: String(row.sender),
    subject: text(row.subject),
    from: text(row.header_from),
    to: text(row.header_to),
    messageId: text(row.message_id),
    sizeBytes: int(row.size),
    priority: priorityOf(row.priority, whose),
    tags: tagsOf(row.tags, whose),
    key: text(row.key),
    createdAt: int(row.created_at),
    sendAt,
    expiresAt: number(row.expires_at),
    sentAt: number(row.sent_at),
    tries: int(row.tries),
    nextAttemptAt: status === "scheduled" ? sendAt : number(row.next_at),
    lastReply: text(row.last_reply),
    recipientsTotal: int(row.n_total),
    recipientsOpen: int(row.n_open),
    recipientsSent: int(row.n_sent),
    recipientsFailed: int(row.n_failed),
    firstRecipient: String(row.first_recipient),
    submitter: text(row.submitter),
    replaces: text(row.replaces),
  };
}
