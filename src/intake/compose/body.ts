// Text as MIME parts, and the boundary between parts. Called by compose.ts and attachments.ts,
// which put parts together; header fields of the message are header.ts's.

import type { Random } from "../../system/time.ts";
import { MAX_LINE_BYTES } from "./fold.ts";

const NUL = 0;
const TAB = 9;
const LF = 10;
const CR = 13;
const BLANK = 32;
const EQUALS = 61;
const HEX = new TextEncoder().encode("0123456789ABCDEF");
/** RFC 2045 6.7: a line of quoted-printable, its soft end included. */
const QUOTED_LINE_BYTES = 76;

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
  if (bytes.includes(NUL)) return false;
  if (bytes.length <= MAX_LINE_BYTES) return true;
  // From each line end to the last one that a line could reach: two or three steps for most texts.
  for (let start = 0; bytes.length - start > MAX_LINE_BYTES;) {
    const reach = bytes.subarray(start, start + MAX_LINE_BYTES + 1);
    const end = Math.max(reach.lastIndexOf(LF), reach.lastIndexOf(CR));
    if (end < 0) return false;
    start += end + 1;
  }
  return true;
}

/** RFC 2045 6.7. */
function quotedPrintable(bytes: Uint8Array): Uint8Array {
  // At worst three bytes for each, and a soft line end for every 24 of them.
  const out = new Uint8Array(bytes.length * 3 + Math.ceil(bytes.length / 24) * 3 + 2);
  let to = 0;
  let column = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === CR || byte === LF) {
      // CR CR LF is one line end, as intake has it.
      if (byte === CR && bytes[at + 1] === CR && bytes[at + 2] === LF) at++;
      if (byte === CR && bytes[at + 1] === LF) at++;
      out[to++] = CR;
      out[to++] = LF;
      column = 0;
      continue;
    }
    const next = bytes[at + 1];
    const endsLine = next === undefined || next === CR || next === LF;
    const isPlain = byte === BLANK || byte === TAB
      ? !endsLine
      : byte > BLANK && byte < 127 && byte !== EQUALS;
    const width = isPlain ? 1 : 3;
    if (column + width > QUOTED_LINE_BYTES - (endsLine ? 0 : 1)) {
      out[to++] = EQUALS;
      out[to++] = CR;
      out[to++] = LF;
      column = 0;
    }
    if (isPlain) out[to++] = byte;
    else {
      out[to++] = EQUALS;
      out[to++] = HEX[byte >> 4] ?? 0;
      out[to++] = HEX[byte & 15] ?? 0;
    }
    column += width;
  }
  return out.slice(0, to);
}
