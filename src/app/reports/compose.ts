// Writes a report (RFC 3464): a text for people, the status for programs, and the message it is about or
// its header. Called by make_reports.ts. Pure; Date and Message-ID are intake's to add.

import { formatDuration } from "../../queue/durations.ts";
import type { MessageDetail } from "../../queue/message.ts";
import type { Action, Told } from "./told.ts";
import { isAscii, plain, replyOf, statusPart } from "./status_part.ts";

/** What a report is made of. */
interface ReportParts {
  readonly to: string;
  readonly hostname: string;
  readonly message: MessageDetail;
  /** At least one. */
  readonly told: readonly Told[];
  /** The message, or its header, as it is in the queue; null where its bytes are gone. */
  readonly returned: { readonly bytes: Uint8Array; readonly isWhole: boolean } | null;
  /** When mail that waits is given up, counted from its arrival. */
  readonly lifetimeMs: number;
  /** A text that stands nowhere else. */
  readonly boundary: string;
}

const SUBJECTS: Readonly<Record<Action, string>> = {
  failed: "Mail could not be delivered",
  delayed: "Mail is delayed",
  relayed: "Mail was handed on",
  delivered: "Mail was delivered",
};
const OPENINGS: Readonly<Record<Action, string>> = {
  failed: "Your mail could not be delivered to:",
  delayed: "Your mail could not be delivered yet. It is tried again; you need not send it anew:",
  relayed: "Your mail was handed on to a system that reports nothing back:",
  delivered: "Your mail was delivered to:",
};
const ACTIONS: readonly Action[] = ["failed", "delayed", "relayed", "delivered"];

/** The bytes of a report. */
export function composeReport(parts: ReportParts): Uint8Array {
  const { to, hostname, message, told, returned, boundary } = parts;
  const isGlobal = ![to, ...told.map(({ recipient }) => recipient.address)].every(isAscii);
  const first = ACTIONS.find((one) => told.some(({ action }) => action === one)) ?? "failed";
  const global = isGlobal ? "global-" : "";
  const text = textPart(parts);
  const status = statusPart({ hostname, message }, told, isGlobal);
  const isEightBit = isGlobal || !isAscii(text.replaceAll("\r\n", "")) ||
    (returned?.bytes.some((byte) => byte > 127) ?? false);
  const messageId = message.messageId !== null && /^<[!-~]+>$/.test(message.messageId)
    ? [`In-Reply-To: ${message.messageId}`, `References: ${message.messageId}`]
    : [];
  const head = [
    `From: Mail Delivery System <MAILER-DAEMON@${hostname}>`,
    `To: ${to}`,
    `Subject: ${SUBJECTS[first]}`,
    ...messageId,
    "Auto-Submitted: auto-replied",
    "MIME-Version: 1.0",
    `Content-Type: multipart/report; report-type=${global}delivery-status;`,
    ` boundary="${boundary}"`,
    ...isEightBit ? ["Content-Transfer-Encoding: 8bit"] : [],
    "",
    "This is a report in MIME (RFC 3464).",
    "",
    ...partHead(boundary, "text/plain; charset=utf-8", isEightBit),
    text,
    ...partHead(boundary, `message/${global}delivery-status`, isEightBit),
    status,
  ].join("\r\n");
  const end = `\r\n--${boundary}--\r\n`;
  if (returned === null) return joined([head, end]);
  const type = returned.isWhole ? "message/rfc822" : "text/rfc822-headers";
  const before = partHead(boundary, type, isEightBit).join("\r\n");
  return joined([`${head}\r\n${before}\r\n`, returned.bytes, end]);
}

/** The lines that begin a part, up to its first own one. */
function partHead(boundary: string, type: string, isEightBit: boolean): string[] {
  const encoding = isEightBit ? ["Content-Transfer-Encoding: 8bit"] : [];
  return [`--${boundary}`, `Content-Type: ${type}`, ...encoding, ""];
}

function textPart({ hostname, message, told, lifetimeMs }: ReportParts): string {
  const lines = [`This is mailq on ${hostname}.`, ""];
  for (const action of ACTIONS) {
    const some = told.filter((one) => one.action === action);
    if (some.length === 0) continue;
    lines.push(OPENINGS[action], "");
    for (const one of some) lines.push(...recipientLines(one, lifetimeMs), "");
  }
  lines.push("The mail:", "");
  if (message.subject !== null) lines.push(`  Subject: ${plain(message.subject, true)}`);
  if (message.to !== null) lines.push(`  To: ${plain(message.to, true)}`);
  lines.push(`  Queued: ${new Date(message.createdAt).toISOString()} as ${message.id}`, "");
  return lines.join("\r\n");
}

function recipientLines(
  { recipient, action, attempt }: Told,
  lifetimeMs: number,
): string[] {
  const reply = plain(replyOf(recipient), true);
  const host = attempt?.host ?? null;
  const lines = [`  ${recipient.address}`];
  if (reply !== "") lines.push(`    ${reply}${host === null ? "" : ` (${plain(host, true)})`}`);
  if (action !== "failed") return lines;
  const { reason, tries } = recipient;
  if (reason === "retries") lines.push(`    Given up after ${tries} tries.`);
  if (reason === "lifetime") {
    lines.push(`    Given up after ${formatDuration(lifetimeMs)} (${tries} tries).`);
  }
  if (reason === "deadline") lines.push("    Its time was up before it could be delivered.");
  return lines;
}

function joined(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const bytes = parts.map((part) =>
    typeof part === "string" ? new TextEncoder().encode(part) : part
  );
  const all = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of bytes) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
