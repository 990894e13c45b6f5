// The part of a report that programs read: message/delivery-status (RFC 3464 2), with addresses beyond
// ASCII message/global-delivery-status (RFC 6533). Called by compose.ts. Pure.

import { formatDate } from "../../intake/header/edit.ts";
import type { MessageDetail } from "../../queue/message.ts";
import type { Action, Told } from "./told.ts";

/** What stands at the top of the part. */
interface Reporter {
  readonly hostname: string;
  readonly message: Pick<MessageDetail, "id" | "createdAt" | "dsn">;
}

/** Of a reply no more is told: a line of mail holds 998 bytes. */
const REPLY_CHARS = 400;
const LINE_CHARS = 76;

/** The lines of the part, each with its CRLF. `isGlobal`: it may hold what is not ASCII. */
export function statusPart(
  { hostname, message }: Reporter,
  told: readonly Told[],
  isGlobal: boolean,
): string {
  const envid = message.dsn?.envid ?? null;
  const first = [
    envid === null ? null : field("Original-Envelope-Id", envid, isGlobal),
    field("Reporting-MTA", `dns; ${hostname}`, isGlobal),
    field("Arrival-Date", formatDate(message.createdAt), isGlobal),
    field("X-Mailq-Id", message.id, isGlobal),
  ];
  const groups = [first, ...told.map((one) => recipientFields(one, isGlobal))];
  return groups.map((fields) => fields.filter((one) => one !== null).join("")).join("\r\n");
}

function recipientFields({ recipient, action, attempt }: Told, isGlobal: boolean) {
  const { address, code, reply, dsn } = recipient;
  const said = reply ?? "";
  return [
    dsn?.orcpt == null ? null : field("Original-Recipient", dsn.orcpt.replace(";", "; "), isGlobal),
    field("Final-Recipient", `${isAscii(address) ? "rfc822" : "utf-8"}; ${address}`, isGlobal),
    field("Action", action, isGlobal),
    field("Status", statusOf(recipient, action), isGlobal),
    remoteHost(attempt?.host ?? null, isGlobal),
    said === "" ? null : field(
      "Diagnostic-Code",
      code === null ? `X-Mailq; ${said}` : `smtp; ${replyOf(recipient)}`,
      isGlobal,
    ),
    attempt === null ? null : field("Last-Attempt-Date", formatDate(attempt.startedAt), isGlobal),
  ];
}

/** A reply with its codes, in one line. */
export function replyOf({ code, enhanced, reply }: Told["recipient"]): string {
  return [code, enhanced, reply].filter((part) => part !== null).join(" ");
}

/** Of a relay on a socket or a program there is no name. */
function remoteHost(host: string | null, isGlobal: boolean): string | null {
  const name = /^(.+):\d+$/.exec(host ?? "")?.[1] ?? "";
  return /^[\w.:[\]-]+$/.test(name) ? field("Remote-MTA", `dns; ${name}`, isGlobal) : null;
}

/** The status code (RFC 3463); what failed for want of time has the code of the last try, or of a
 *  time that was over. */
function statusOf({ enhanced, code, reason }: Told["recipient"], action: Action): string {
  const classes = action === "failed" ? "45" : action === "delayed" ? "4" : "2";
  if (enhanced !== null && classes.includes(enhanced.charAt(0))) return enhanced;
  if (action === "failed" && reason !== "permanent") return "4.4.7";
  if (action === "failed") return code !== null && code >= 500 ? "5.0.0" : "5.4.0";
  return action === "delayed" ? "4.0.0" : "2.0.0";
}

/** A field with its CRLF, in lines of a mail's length. */
function field(name: string, value: string, isGlobal: boolean): string {
  let line = `${name}:`;
  const lines: string[] = [];
  for (const word of plain(value, isGlobal).split(" ")) {
    if (line.length + word.length >= LINE_CHARS && line.trim() !== `${name}:` && line !== "") {
      lines.push(line);
      line = "";
    }
    line += ` ${word}`;
  }
  return `${[...lines, line].join("\r\n")}\r\n`;
}

/** Text from outside as it may stand in a line. */
export function plain(text: string, isGlobal: boolean): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  const safe = isGlobal ? line : line.replace(/[^ -~]/gu, "?");
  return safe.length > REPLY_CHARS ? `${safe.slice(0, REPLY_CHARS)}...` : safe;
}

export function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
