// The JSON of messages and of the queue's status. Scripts live on these shapes: a name once given
// stays. Called by every command that knows --json; small shapes stand with their commands.

import { hintFor } from "../../app/pause/hints.ts";
import type { Waiting } from "../../app/status/waiting.ts";
import type { AttemptDetail, MessageDetail, MessageSummary } from "../../queue/message.ts";
import type { QueueStatus } from "../../queue/status.ts";
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

/** The shape of `status`. */
export function statusShape(
  status: QueueStatus,
  now: number,
  waiting: Waiting,
): Record<string, unknown> {
  return {
    queued: status.queued,
    sending: status.sending,
    deferred: status.deferred,
    sent: status.sent,
    partial: status.partial,
    failed: status.failed,
    held: status.held,
    cancelled: status.cancelled,
    suppressed: status.suppressed,
    scheduled: status.scheduled,
    seconds: waitingSeconds(status, now),
    paused: status.paused !== null,
    workers: status.workers.map((worker) => ({
      kind: worker.kind,
      host: worker.host,
      pid: worker.pid,
      started_at: isoTime(worker.startedAt),
      heartbeat_at: isoTime(worker.heartbeatAt),
    })),
    relays: status.relays.map((relay) => ({
      name: relay.name,
      failures: relay.failures,
      down_since: isoTime(relay.downSince),
      open_until: isoTime(relay.openUntil),
      last_error: relay.lastError,
      refusing: relay.refusal !== null,
      refusal: relay.refusal,
      hint: relay.hint === null ? null : hintFor({ scope: "relay", value: relay.name }, relay.hint),
      waiting: waiting({ scope: "relay", value: relay.name }),
      learned: relay.limits === null ? null : {
        connections: relay.limits.connections,
        rate: relay.limits.rate,
      },
    })),
    pauses: status.pauses.map((pause) => ({
      scope: pause.scope,
      value: pause.value,
      reason: pause.reason,
      since: isoTime(pause.since),
      until: isoTime(pause.until),
      automatic: pause.isAutomatic,
      waiting: waiting(pause),
    })),
  };
}

/** The age of the oldest queued message in whole seconds; 0 if none is queued. */
export function waitingSeconds(status: QueueStatus, now: number): number {
  if (status.oldestQueuedAt === null) return 0;
  return Math.max(0, Math.floor((now - status.oldestQueuedAt) / 1000));
}
