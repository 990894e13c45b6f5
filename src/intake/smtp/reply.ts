// What the SMTP server says: replies, refusals, and the reply to a failure of ours. Called by
// session.ts and command.ts; when which is said is decided there.

import { type ErrorCode, errorText, MailqError } from "../../queue/errors.ts";

/** What a server says to a command (RFC 5321 4.2, RFC 3463). */
export interface SmtpReply {
  readonly code: number;
  /** Null where none is to be given: greeting, EHLO, DATA's go-ahead. */
  readonly enhanced: string | null;
  /** At least one. */
  readonly lines: readonly string[];
}

export function reply(code: number, enhanced: string | null, ...lines: string[]): SmtpReply {
  return { code, enhanced, lines };
}

/** Thrown for a command that is refused. */
export class Refused extends Error {
  constructor(readonly reply: SmtpReply) {
    super(reply.lines[0] ?? "");
  }
}

export function refused(code: number, enhanced: string, text: string): Refused {
  return new Refused(reply(code, enhanced, text));
}

/** Room for code, enhanced code and line end in the 512 octets of RFC 5321 4.5.3.1.5. */
const MAX_TEXT_LENGTH = 480;

/** The bytes of a reply as text. Whatever the lines quote, each stays one line of ASCII. */
export function replyText({ code, enhanced, lines }: SmtpReply): string {
  return lines.map((line, i) => {
    const mark = i < lines.length - 1 ? "-" : " ";
    const text = line.replace(/[^ -~]+/g, "?").slice(0, MAX_TEXT_LENGTH);
    return `${code}${mark}${enhanced === null ? "" : `${enhanced} `}${text}\r\n`;
  }).join("");
}

/** Why mail could not be queued: 5xx if it never can be, 4xx where trying again may help. */
export function replyToFailure(error: unknown, isTooLarge: boolean): SmtpReply {
  if (!(error instanceof MailqError)) {
    return reply(451, "4.3.0", "Cannot queue the message: a fault of the server's");
  }
  if (isTooLarge && error.code === "bad_message") return reply(552, "5.3.4", errorText(error));
  const [code, enhanced] = FAILURES[error.code] ?? [451, "4.3.0"];
  return reply(code, enhanced, errorText(error));
}

const FAILURES: Readonly<Partial<Record<ErrorCode, readonly [number, string]>>> = {
  bad_message: [554, "5.6.0"],
  bad_address: [554, "5.1.3"],
  usage: [554, "5.5.0"],
  disk_full: [452, "4.3.1"],
  config_invalid: [451, "4.3.5"],
  queue_foreign: [451, "4.3.5"],
  queue_newer: [451, "4.3.5"],
};
