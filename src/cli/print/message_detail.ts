// Prints one message: what it is, its recipients, its attempts. Called by `show`. The message's
// text is printed by show_content.ts, the JSON is json_shapes.ts's.

import { formatAge, formatSpan } from "../../display/ages.ts";
import { formatState, paint } from "../../display/colour.ts";
import { whyIs } from "../../display/reasons.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatTable } from "../../display/table.ts";
import { formatTimestamp } from "../../display/timestamps.ts";
import type { AttemptDetail, MessageDetail, RecipientDetail } from "../../queue/message.ts";
import type { Reply } from "../../queue/outcome.ts";
import type { Bounce } from "../../queue/ports/bounces.ts";
import type { Output } from "../frame/output.ts";
import type { Moment } from "./message_table.ts";

/** Prints a message for people: what it is, its recipients, its attempts in short. */
export async function printDetail(
  output: Output,
  message: MessageDetail,
  moment: Moment,
): Promise<void> {
  const { now } = moment;
  const time = (at: number) =>
    `${formatTimestamp(at)} (${formatAge(at, now)}${at <= now ? " ago" : ""})`;
  const field = (name: string, value: string | null) => {
    if (value !== null && value !== "") output.line(`${name.padEnd(11)} ${sanitise(value)}`);
  };
  output.line(`${"id".padEnd(11)} ${message.id}`);
  output.line(`${"status".padEnd(11)} ${formatState(message.status, output)}`);
  field("why", whyIs(message, moment));
  field("sender", message.sender === "" ? "<>" : message.sender);
  field("from", message.from);
  field("to", message.to);
  field("subject", message.subject);
  field("message-id", message.messageId);
  field("changes", message.changes.join(", "));
  field("size", `${message.sizeBytes} bytes`);
  field("priority", message.priority);
  field("tags", message.tags.join(", "));
  field("key", message.key);
  field("replaces", message.replaces);
  field("submitter", message.submitter);
  field("queued", time(message.createdAt));
  field("not before", message.sendAt === null ? null : time(message.sendAt));
  field("expires", message.expiresAt === null ? null : time(message.expiresAt));
  field("sent", message.sentAt === null ? null : time(message.sentAt));
  field("tries", String(message.tries));
  field("notices", noticesAsked(message));
  field("next try", message.nextAttemptAt === null ? null : time(message.nextAttemptAt));
  output.line("");
  const rows = message.recipients.map((recipient) => [
    recipient.address,
    recipient.state + (recipient.reason === null ? "" : ` (${recipient.reason})`),
    String(recipient.tries),
    recipient.nextAttemptAt === null ? "" : formatAge(recipient.nextAttemptAt, now),
    replyText(recipient),
  ]);
  const columns = [
    { title: "RECIPIENT", min: 12 },
    { title: "STATUS", min: 6 },
    { title: "TRIES", align: "right", min: 5 },
    { title: "NEXT", align: "right", min: 4, rank: 1 },
    { title: "LAST REPLY", min: 12 },
  ] as const;
  for (const line of await formatTable(columns, rows, output.columns)) output.line(line);
  for (const { address, bounce } of message.recipients) {
    if (bounce === null) continue;
    const from = bounce.reporter === null ? "" : ` from ${bounce.reporter}`;
    const said = `came back ${formatAge(bounce.at, now)} ago${from}: ${bounceText(bounce)}`;
    output.line(sanitise(`${address} ${said}`));
  }
  if (message.attempts.length > 0) output.line("");
  printAttempts(output, message, { isFull: false });
}

/** What the sender asked to be told (DSN, RFC 3461); null where nothing was asked. */
function noticesAsked({ dsn, recipients }: MessageDetail): string | null {
  if (dsn === null) return null;
  const on = [...new Set(recipients.flatMap((recipient) => recipient.dsn?.notify ?? []))];
  return [
    on.length === 0 ? "as the relay likes" : `on ${on.join(", ")}`,
    ...(dsn.ret === null ? [] : [`with the ${dsn.ret === "full" ? "whole message" : "header"}`]),
    ...(dsn.envid === null ? [] : [`for ${dsn.envid}`]),
  ].join(", ");
}

/** What another host said, with its codes, in one line. */
export function bounceText({ code, enhanced, reply }: Bounce): string {
  const said = [code, enhanced, reply].filter((part) => part !== null).join(" ");
  return said === "" ? "it came back" : said;
}

function replyText(recipient: RecipientDetail): string {
  return joined({ ...recipient, text: recipient.reply ?? "" });
}

function joined(reply: Reply): string {
  return [reply.code, reply.enhanced, reply.text].filter((part) => part !== null && part !== "")
    .join(" ");
}

/** Prints every attempt; `isFull` with each recipient's reply, traceback and transcript. */
export function printAttempts(
  output: Output,
  message: MessageDetail,
  how: { readonly isFull: boolean },
): void {
  for (const attempt of message.attempts) printAttempt(output, attempt, how);
}

function printAttempt(
  output: Output,
  attempt: AttemptDetail,
  { isFull }: { readonly isFull: boolean },
): void {
  const where = [attempt.relay, attempt.host, attempt.tls].filter((part) => part !== null);
  const head = `attempt ${attempt.n}  ${formatTimestamp(attempt.startedAt)}  ` +
    `${where.join(" ") || "-"}  ${duration(attempt.durationMs)}  ${attempt.result}`;
  output.line(paint(sanitise(head), "bold", output));
  for (const outcome of attempt.outcomes) {
    if (!isFull && outcome.kind === "sent" && attempt.outcomes.length > 1) continue;
    output.line(`  ${sanitise(`${outcome.kind} ${outcome.address}: ${joined(outcome)}`)}`);
  }
  if (attempt.error !== null) output.line(`  ${sanitise(attempt.error)}`);
  if (!isFull) return;
  for (const part of [attempt.traceback, attempt.transcript]) {
    if (part === null) continue;
    for (const line of sanitise(part.trimEnd(), "multi_line").split("\n")) {
      output.line(`    ${line}`);
    }
  }
}

function duration(ms: number): string {
  return ms < 1_000 ? `${ms}ms` : formatSpan(ms);
}
