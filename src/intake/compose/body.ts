// Text as MIME parts, and the boundary between parts. Called by compose.ts and attachments.ts,
// which put parts together; header fields of the message are header.ts's.

import type { Random } from "../../system/time.ts";
import { hasLongLine } from "../header/line_ends.ts";
import { quotedPrintable } from "../quoted_printable.ts";
import { MAX_LINE_BYTES } from "./fold.ts";

const NUL = 0;

const encoder = new TextEncoder();

/** The text and html of a message. */
export interface Texts {
  readonly text: string | null;
  readonly html: string | null;
}

/** No line of any text: the equals sign and underscore after it stand in no quoted-printable text
 *  (RFC 2045 6.7), and nobody guesses 120 bits. */
export function boundaryText(random: Random): string {
  let text = "=_";
  for (const byte of random.bytes(15)) text += byte.toString(36).padStart(2, "0");
  return text;
}

/** A part of a message that is text. */
interface TextPart {
  /** The fields that say what it is, each with its line end. */
  readonly fields: string;
  readonly body: Uint8Array;
}

/** Text as a MIME part in UTF-8: as it is where mail can carry it, quoted-printable where a line is
 *  over 998 bytes or a NUL is in it. Line ends may be of any kind; those of 7bit and 8bit text are
 *  made CRLF when the message is taken in. */
export function textPart(type: "text/plain" | "text/html", text: string): TextPart {
  const bytes = encoder.encode(text);
  const fits = fitsLines(bytes);
  // As many bytes as characters: each of them is ASCII.
  const encoding = !fits ? "quoted-printable" : bytes.length === text.length ? "7bit" : "8bit";
  return { fields: fieldsOf(type, encoding), body: fits ? bytes : quotedPrintable(bytes) };
}

function fieldsOf(type: string, encoding: string): string {
  return `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n`;
}

/** The fields of plain text, a blank line and the text itself, with CRLF line ends, where it is
 *  ASCII of short lines; else null. What `textPart` makes of it reads the same and takes longer. */
export function plainPart(text: string): string | null {
  // deno-lint-ignore no-control-regex -- controls but NUL are ASCII too
  if (!/^[\x01-\x7f]*$/.test(text)) return null;
  const lines = text.replace(/\r?\r\n|\r|\n/g, "\r\n");
  for (let start = 0; lines.length - start > MAX_LINE_BYTES;) {
    const end = lines.lastIndexOf("\n", start + MAX_LINE_BYTES);
    if (end < start) return null;
    start = end + 1;
  }
  return `${fieldsOf("text/plain", "7bit")}\r\n${lines}`;
}

/** Whether text can go as it is: no line too long, no NUL (RFC 2045 2.7, 2.8). */
export function fitsLines(bytes: Uint8Array): boolean {
  return !bytes.includes(NUL) && !hasLongLine(bytes, 0);
}
