// The JSON of messages. Scripts live on these shapes: a name once given
// stays. Called by every command that knows --json; small shapes stand with their commands.

import type { AttemptDetail, MessageDetail, MessageSummary } from "../../queue/message.ts";
import { retriesUsed } from "../../queue/policy/retry.ts";

/** A time as scripts get it: ISO 8601 in UTC, or null. */
export function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** The `message` shape, which is stable: scripts live on it. */
export function messageShape(message: MessageSummary): Record<string, unknown> {
  return {
    id: message.id,
    status: message.status,
    held: message.isHeld,
    final_reason: message.finalReason,
    sender: message.sender,
    subject: message.subject,
    from: message.from,
    to: message.to,
    message_id: message.messageId,
    size: message.sizeBytes,
    priority: message.priority,
    tags: message.tags,
    key: message.key,
    replaces: message.replaces,
    created_at: isoTime(message.createdAt),
    send_at: isoTime(message.sendAt),
    expires_at: isoTime(message.expiresAt),
    sent_at: isoTime(message.sentAt),
    tries: message.tries,
    next_attempt_at: isoTime(message.nextAttemptAt),
    last_reply: message.lastReply,
    recipients_total: message.recipientsTotal,
    recipients_open: message.recipientsOpen,
    recipients_sent: message.recipientsSent,
    recipients_failed: message.recipientsFailed,
  };
}

/** The shape of `show`. */
export function detailShape(message: MessageDetail): Record<string, unknown> {
  return {
    ...messageShape(message),
    dsn: message.dsn,
    submitter: message.submitter,
    changes: message.changes,
    recipients: message.recipients.map((recipient) => ({
      address: recipient.address,
      status: recipient.state,
      reason: recipient.reason,
      tries: recipient.tries,
      retries_used: retriesUsed(recipient.failures),
      code: recipient.code,
      enhanced: recipient.enhanced,
      reply: recipient.reply,
      next_attempt_at: isoTime(recipient.nextAttemptAt),
      sent_at: isoTime(recipient.sentAt),
      dsn: recipient.dsn,
      bounce: recipient.bounce === null
        ? null
        : { ...recipient.bounce, at: isoTime(recipient.bounce.at) },
    })),
    attempts: message.attempts.map(attemptShape),
  };
}

function attemptShape(attempt: AttemptDetail): Record<string, unknown> {
  return {
    n: attempt.n,
    started_at: isoTime(attempt.startedAt),
    duration_ms: attempt.durationMs,
    relay: attempt.relay,
    host: attempt.host,
    tls: attempt.tls,
    result: attempt.result,
    code: attempt.code,
    enhanced: attempt.enhanced,
    reply: attempt.reply,
    error: attempt.error,
    traceback: attempt.traceback,
    transcript: attempt.transcript,
    outcomes: attempt.outcomes.map((outcome) => ({
      address: outcome.address,
      outcome: outcome.kind,
      code: outcome.code,
      enhanced: outcome.enhanced,
      reply: outcome.text,
    })),
  };
}
