// The log as Postfix writes its own, for what reads that: pflogsumm, logwatch, fail2ban. Ids are in
// capitals there, as Postfix's are; every command takes them so, too. log.ts writes it.

import type { LogEvent } from "../../app/log_event.ts";
import { sanitise } from "../../display/sanitise.ts";
import type { RecipientChange } from "../../queue/claim.ts";
import {
  type AttemptEvent,
  delayMs,
  dsnOf,
  levelOf,
  type LogFormat,
  type LogLine,
  replyOf,
  statusOf,
} from "./format.ts";
import { describeNews } from "./text_format.ts";

/** What a line names besides the time. */
interface Process {
  readonly host: string;
  readonly pid: number;
  readonly uid: number;
  /** Somebody else notes time, machine and program. */
  readonly isBare: boolean;
}

export function postfixFormat(process: Process): LogFormat {
  const line = (program: string, text: string, level: LogLine["level"] = "info"): LogLine => ({
    level,
    text: sanitise(process.isBare ? text : `postfix/${program}[${process.pid}]: ${text}`),
  });
  return {
    event: (event) =>
      event.type === "attempt" ? attemptLines(event, process.uid, line) : [newsLine(event, line)],
    text: (level, text) =>
      line("mailq", level === "info" || level === "debug" ? text : `${level}: ${text}`, level),
    head: (now) => `${syslogTime(new Date(now))} ${process.host} `,
  };
}

type MakeLine = (program: string, text: string, level?: LogLine["level"]) => LogLine;

function attemptLines({ attempt }: AttemptEvent, uid: number, line: MakeLine): LogLine[] {
  const { claim, changes } = attempt;
  const id = claim.id.toUpperCase();
  const isFirst = claim.recipients.every(({ tries }) => tries === 0);
  const active = `${id}: from=<${claim.sender}>, size=${claim.sizeBytes}, ` +
    `nrcpt=${claim.recipients.length} (queue active)`;
  return [
    ...isFirst ? [line("pickup", `${id}: uid=${uid} from=<${claim.sender}>`)] : [],
    line("qmgr", active),
    ...changes.map((change) => line("smtp", `${id}: ${describeChange(change, attempt)}`)),
    // As far as one claim tells: of a message whose recipients come to their ends apart, the last.
    ...attempt.endsClaim && changes.length === claim.recipients.length && changes.every(isOver)
      ? [line("qmgr", `${id}: removed`)]
      : [],
  ];
}

function isOver({ state }: RecipientChange): boolean {
  return state === "sent" || state === "failed";
}

function describeChange(change: RecipientChange, attempt: AttemptEvent["attempt"]): string {
  const { host, durationMs } = attempt;
  const delay = delayMs(attempt);
  const before = Math.max(0, delay - durationMs);
  return `to=<${change.address}>, relay=${host === null ? "none" : relayOf(host)}, ` +
    `delay=${seconds(delay)}, delays=${seconds(before)}/0/0/${seconds(durationMs)}, ` +
    `dsn=${dsnOf(change)}, status=${STATUSES[statusOf(change)] ?? "deferred"} ` +
    `(${saidOf(change, host)})`;
}

const STATUSES: Readonly<Record<string, string>> = { sent: "sent", failed: "bounced" };

function saidOf(change: RecipientChange, host: string | null): string {
  const reply = replyOf(change);
  if (change.outcome === "sent") return reply;
  if (change.code === null) return change.reply ?? "unknown";
  return host === null ? reply : `host ${relayOf(host)} said: ${reply}`;
}

/** Postfix's `host[address]:port` of ours. */
function relayOf(host: string): string {
  return host.replaceAll(",", "").replaceAll(" ", "");
}

/** As Postfix rounds: two digits, and no more than hundredths. */
function seconds(ms: number): string {
  const s = ms / 1000;
  return s >= 10 ? String(Math.round(s)) : s >= 1 ? s.toFixed(1) : String(Number(s.toFixed(2)));
}

function newsLine(event: Exclude<LogEvent, AttemptEvent>, line: MakeLine): LogLine {
  if (event.type === "login.failed") {
    const text = `${clientOf(event.client)}: SASL authentication failed: ` +
      `authentication failure, sasl_username=${event.user}`;
    return line("smtpd", `warning: ${text}`, "warning");
  }
  if (event.type === "message.enqueued" && event.way === "smtp") {
    const [id = ""] = event.ids;
    const login = event.submitter === null ? "" : `, sasl_username=${event.submitter}`;
    return line("smtpd", `${id.toUpperCase()}: client=${clientOf(event.client)}${login}`);
  }
  const level = levelOf(event);
  const program = event.type.startsWith("relay.") ? "smtp" : "qmgr";
  const text = describeNews(event);
  return line(program, level === "warning" ? `warning: ${text}` : text, level);
}

function clientOf(client: string | null): string {
  return client === null ? "localhost[unix]" : `unknown[${client}]`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Nov 30 14:02:11`, in the machine's own time zone, as syslog writes it (RFC 3164). */
function syslogTime(at: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${MONTHS[at.getMonth()]} ${String(at.getDate()).padStart(2, " ")} ` +
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
