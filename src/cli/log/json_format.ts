// The log for programs: one JSON object a line, with names as the other JSON of mailq has them.
// log.ts writes it.

import type { LogEvent } from "../../app/log_event.ts";
import type { Pause } from "../../queue/policy/pause.ts";
import { type AttemptEvent, delayMs, dsnOf, levelOf, type LogFormat, statusOf } from "./format.ts";
import { describeNews } from "./text_format.ts";

export const JSON_FORMAT: LogFormat = {
  event: (event, now) => {
    const objects = event.type === "attempt" ? attemptShapes(event) : [newsShape(event)];
    const level = levelOf(event);
    return objects.map((object) => ({ level, text: shaped(level, object, now) }));
  },
  text: (level, text, now) => ({ level, text: shaped(level, { type: "note", text }, now) }),
  head: () => "",
};

function shaped(level: string, object: object, now: number): string {
  return JSON.stringify({ at: time(now), level, ...object });
}

function time(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function attemptShapes(event: AttemptEvent): object[] {
  const { attempt, isClaimLost } = event;
  const { claim, relay, host, tls, durationMs, changes } = attempt;
  return changes.map((change) => ({
    type: `recipient.${statusOf(change)}`,
    id: claim.id,
    from: claim.sender,
    to: change.address,
    relay,
    host,
    tls,
    delay_ms: delayMs(attempt),
    duration_ms: durationMs,
    size: claim.sizeBytes,
    dsn: dsnOf(change),
    code: change.code,
    reply: change.reply,
    reason: change.reason,
    next_attempt_at: time(change.nextAt),
    ...isClaimLost ? { claim_lost: true } : {},
  }));
}

function newsShape(event: Exclude<LogEvent, AttemptEvent>): object {
  const { type } = event;
  const text = describeNews(event);
  switch (event.type) {
    case "relay.down":
    case "relay.refusing": {
      const { lastError: error, hint, failures, downSince, openUntil } = event.health;
      const { relay } = event;
      return { type, relay, error, hint, failures, since: time(downSince), until: time(openUntil) };
    }
    case "relay.up":
      return { type, relay: event.relay };
    case "relay.throttled": {
      const { reply, connections, rate, until } = event.limits;
      return { type, relay: event.relay, reply, connections, rate, until: time(until) };
    }
    case "sender.paused":
      return { type, ...pauseShape(event.pause) };
    case "sender.resumed":
      return { type, sender: event.sender };
    case "queue.stalled": {
      const { reason, oldestAt, lastSentAt } = event.stall;
      return { type, reason, oldest_at: time(oldestAt), last_sent_at: time(lastSentAt) };
    }
    case "queue.moving":
      return { type };
    case "message.expired":
    case "message.purged":
      return { type, count: event.count, text };
    case "message.enqueued":
      return {
        type,
        ids: event.ids,
        submitter: event.submitter,
        way: event.way,
        client: event.client,
      };
    case "login.failed":
      return { type, user: event.user, client: event.client };
  }
}

function pauseShape({ value, reason, until }: Pause): object {
  return { sender: value, reason, until: time(until) };
}
