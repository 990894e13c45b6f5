// The log for people: an id, what happened, and the figures as name=value. Used where nothing else
// is set. log.ts writes it.

import { describePart } from "../../app/pause/part.ts";
import type { LogEvent } from "../../app/log_event.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatDuration } from "../../queue/durations.ts";
import type { RecipientChange } from "../../queue/claim.ts";
import {
  type AttemptEvent,
  delayMs,
  dsnOf,
  levelOf,
  type LogFormat,
  replyOf,
  statusOf,
} from "./format.ts";

export const TEXT_FORMAT: LogFormat = {
  event: (event) =>
    event.type === "attempt"
      ? event.attempt.changes.map((change) => ({
        level: "info",
        text: sanitise(describeChange(change, event)),
      }))
      : [{ level: levelOf(event), text: sanitise(describeNews(event)) }],
  text: (level, text) => ({
    level,
    text: sanitise(`mailq: ${level === "warning" ? "warning: " : ""}${text}`),
  }),
  head: (now) => `${new Date(now).toISOString()} `,
};

function describeChange(change: RecipientChange, { attempt, isClaimLost }: AttemptEvent): string {
  const { claim, relay, host, durationMs } = attempt;
  const parts = [
    claim.id,
    statusOf(change),
    `to=<${change.address}>`,
    `from=<${claim.sender}>`,
    `relay=${relay}`,
    ...host === null ? [] : [`host=${host}`],
    `delay=${seconds(delayMs(attempt))}`,
    `duration=${seconds(durationMs)}`,
    `size=${claim.sizeBytes}`,
    `dsn=${dsnOf(change)}`,
    `(${replyOf(change)})`,
    ...ENDS[change.reason ?? ""] ?? [],
    ...isClaimLost ? ["the claim had been lost"] : [],
  ];
  return parts.join(" ");
}

const ENDS: Readonly<Record<string, readonly string[]>> = {
  retries: ["retries used up"],
  lifetime: ["tried for too long"],
};

/** Whole milliseconds as seconds: `0.042s`, `12.5s`. */
function seconds(ms: number): string {
  return `${Math.round(ms) / 1000}s`;
}

/** What happened, in words. */
export function describeNews(event: Exclude<LogEvent, AttemptEvent>): string {
  switch (event.type) {
    case "relay.down":
    case "relay.refusing": {
      const { lastError, hint, openUntil, failures } = event.health;
      const what = event.type === "relay.down" ? "is down" : "refuses our mail";
      return `relay ${event.relay} ${what}: ${lastError ?? "unknown"} (${failures} in a row` +
        (openUntil === null ? ")" : `, left alone until ${new Date(openUntil).toISOString()})`) +
        (hint === null ? "" : `; ${hint}`);
    }
    case "relay.up":
      return `relay ${event.relay} is up again`;
    case "relay.throttled": {
      const { reply, connections, rate, until } = event.limits;
      const learned = [
        ...connections === null ? [] : [`${connections} connections`],
        ...rate === null ? [] : [`${Math.round(rate * 10) / 10} messages a second`],
        ...until === null ? [] : [`nothing before ${new Date(until).toISOString()}`],
      ];
      return `relay ${event.relay} wants its mail more slowly: ${reply ?? "unknown"}` +
        (learned.length === 0 ? "" : ` (${learned.join(", ")})`);
    }
    case "sender.paused": {
      const { reason, since, until } = event.pause;
      return `${describePart(event.pause)} is paused` +
        (until === null ? "" : ` for ${formatDuration(until - since)}`) +
        (reason === null ? "" : `: ${reason}`);
    }
    case "sender.resumed":
      return `${describePart({ scope: "sender", value: event.sender })} is used again`;
    case "queue.stalled": {
      const { reason, lastSentAt } = event.stall;
      return `the queue stands still: ${reason} (` +
        (lastSentAt === null
          ? "nothing was sent yet)"
          : `nothing was sent since ${new Date(lastSentAt).toISOString()})`);
    }
    case "queue.moving":
      return "the queue moves again";
    case "message.expired":
      return `expired: ${event.count} ${event.count === 1 ? "message" : "messages"}`;
    case "message.purged":
      return `purged: ${event.count} ${event.count === 1 ? "message" : "messages"}`;
    case "message.enqueued":
      return ["taken in", ...event.submitter === null ? [] : [`for ${event.submitter}`]].join(" ") +
        WAYS[event.way](event.client ?? "this machine") +
        `: ${event.ids.join(" ")}`;
    case "login.failed":
      return `login of ${JSON.stringify(event.user)} from ${event.client ?? "this machine"} failed`;
  }
}

/** How mail came in, behind whose it is. */
const WAYS = {
  drop: () => "",
  sql: () => " by SQL",
  smtp: (client: string) => ` by smtp from ${client}`,
  submit: (client: string) => ` by submit from ${client}`,
} as const;
