import { type MessageSummary, PRIORITIES } from "../../../queue/message.ts";
import { type FinalReason, MESSAGE_STATUSES, type MessageStatus } from "../../../queue/state.ts";
import type { Row } from "./connection.ts";

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

const REASONS: readonly FinalReason[] = ["permanent", "retries", "lifetime", "deadline"];

export function reason(value: unknown): FinalReason | null {
  return REASONS.find((known) => known === value) ?? null;
}

function status(value: unknown): MessageStatus {
  return MESSAGE_STATUSES.find((known) => known === value) ?? "queued"; // 'scheduled'
}

/** The columns a summary is read from. */
export const SUMMARY = `seq, id, status, held, priority, created_at, send_at, expires_at, next_at,
  sent_at, final_reason, tries, n_total, n_open, n_sent, n_failed, size, sender, first_recipient,
  subject, header_from, header_to, message_id, tags, key, last_reply, queued_at,
  submitter, replaces`;

export function toSummary(row: Row): MessageSummary {
  const shown = status(row.status);
  const sendAt = number(row.send_at);
  const tags: unknown = row.tags === null ? [] : JSON.parse(String(row.tags));
  return {
    seq: int(row.seq),
    id: String(row.id),
    status: shown,
    isHeld: row.held === 1,
    finalReason: reason(row.final_reason),
    sender: String(row.sender),
    subject: text(row.subject),
    from: text(row.header_from),
    to: text(row.header_to),
    messageId: text(row.message_id),
    sizeBytes: int(row.size),
    priority: PRIORITIES[int(row.priority)] ?? "normal",
    tags: Array.isArray(tags) ? tags.map(String) : [],
    key: text(row.key),
    createdAt: int(row.created_at),
    sendAt,
    expiresAt: number(row.expires_at),
    sentAt: number(row.sent_at),
    tries: int(row.tries),
    nextAttemptAt: row.status === "scheduled" ? sendAt : number(row.next_at),
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
