// What the formats of the log have in common: what a format is, and how much of an event counts as
// trouble. text_format.ts, json_format.ts and postfix_format.ts make lines; log.ts puts them together.

import type { LogEvent } from "../../app/log_event.ts";
import type { AttemptRecord, RecipientChange } from "../../queue/claim.ts";

export type Level = "error" | "warning" | "info" | "debug";

/** A line of the log, without its end and without what stands before it. */
export interface LogLine {
  readonly level: Level;
  readonly text: string;
}

/** How the log is written. */
export interface LogFormat {
  /** The lines of an event, in one line each, whatever mail and relays put into them. */
  event(event: LogEvent, now: number): readonly LogLine[];
  /** What the program says itself. */
  text(level: Level, text: string, now: number): LogLine;
  /** What stands before a line where nobody else notes the time. */
  head(now: number): string;
}

/** How one attempt ended for one recipient. */
export type AttemptEvent = Extract<LogEvent, { readonly type: "attempt" }>;

/** What became of a recipient: a temporary failure may have been the last one allowed. */
export function statusOf({ outcome, state }: RecipientChange): string {
  return state === "failed" ? "failed" : outcome;
}

export function levelOf(event: LogEvent): Level {
  return event.type === "relay.down" || event.type === "relay.refusing" ||
      event.type === "sender.paused" || event.type === "queue.stalled" ||
      event.type === "login.failed"
    ? "warning"
    : "info";
}

/** The code and the text of a reply, in one line. */
export function replyOf({ code, enhanced, reply }: RecipientChange): string {
  return [code, enhanced, reply].filter((part) => part !== null && part !== "").join(" ");
}

/** The enhanced status, where the relay gave none that of its kind (RFC 3463). */
export function dsnOf({ enhanced, outcome, state }: RecipientChange): string {
  if (enhanced !== null) return enhanced;
  return outcome === "sent" ? "2.0.0" : state === "failed" ? "5.0.0" : "4.0.0";
}

/** How long the message has waited and been sent until the attempt's end, in ms. */
export function delayMs({ claim, startedAt, durationMs }: AttemptRecord): number {
  return Math.max(0, startedAt + durationMs - claim.lifeFrom);
}
