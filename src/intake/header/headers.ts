// Finds a message's header fields as offsets into its bytes, and reads their texts. All of intake
// stands on it; what fields mean is for envelope.ts, control_fields.ts and header_display.ts.

/** The fields intake knows by name; every other one is `other`. */
export type FieldKind =
  | "to"
  | "cc"
  | "bcc"
  | "from"
  | "date"
  | "sender"
  | "reply-to"
  | "subject"
  | "message-id"
  | "dkim-signature"
  | "resent-to"
  | "resent-cc"
  | "resent-bcc"
  /** Ours: every `X-Mail-Queue-*`. */
  | "control"
  | "other";

/** One header field as offsets into the message's bytes. */
export interface Field {
  readonly kind: FieldKind;
  /** The first byte of the name, and of the field. */
  readonly start: number;
  readonly nameEnd: number;
  /** The byte after the colon. */
  readonly valueStart: number;
  /** Just past the value, before its last line end. */
  readonly valueEnd: number;
  /** Just past the field's last line end. */
  readonly end: number;
}

/** What a message's bytes begin with. */
export interface Header {
  /** Where the header begins: 0, or just past a leading mbox line. */
  readonly start: number;
  readonly fields: readonly Field[];
  /** Just past the last field; a blank line, where there is one, comes next. */
  readonly end: number;
  /** Whether the end was seen. If not, the bytes ran out first and more of them might belong to
   *  the header. */
  readonly isClosed: boolean;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const BLANK = 32;
const COLON = 58;
const MARK = 62;
const FROM_BLANK = [70, 114, 111, 109, 32];

// The longest line of RFC 5322 2.1.1. A longer "name" is text without a colon; the limit also
// lets a header be told from a body of one endless line.
const MAX_NAME_BYTES = 998;

const KNOWN: readonly FieldKind[] = [
  "to",
  "cc",
  "bcc",
  "from",
  "date",
  "sender",
  "reply-to",
  "subject",
  "message-id",
  "dkim-signature",
  "resent-to",
  "resent-cc",
  "resent-bcc",
];
const CONTROL_PREFIX = "x-mail-queue-";

/** Finds the header of a message: CRLF, CR CR LF, bare LF and bare CR all end a line, and the header ends
 *  at the first line that is neither field nor continuation. Copies and decodes nothing, and
 *  reads no further than the header. */
export function scanHeader(bytes: Uint8Array): Header {
  const skipped = skipMboxLines(bytes);
  const start = skipped ?? 0;
  const fields: Field[] = [];
  const size = bytes.length;
  let at = start;
  while (at < size) {
    const nameEnd = endOfName(bytes, at);
    // RFC 5322 4.5.1: blanks before the colon are obsolete, but they are read.
    const colon = skipBlanks(bytes, nameEnd);
    const isField = nameEnd > at && nameEnd - at <= MAX_NAME_BYTES && bytes[colon] === COLON;
    if (!isField) {
      const isUndecided = skipped === null || endsInCrs(bytes, at) ||
        colon === size && nameEnd > at && nameEnd - at <= MAX_NAME_BYTES;
      return { start, fields, end: at, isClosed: !isUndecided };
    }
    let valueEnd = lineStop(bytes, colon + 1);
    let end = skipLineEnd(bytes, valueEnd);
    while (end < size && isBlank(bytes[end])) {
      valueEnd = lineStop(bytes, end);
      end = skipLineEnd(bytes, valueEnd);
    }
    const kind = kindOf(bytes, at, nameEnd);
    fields.push({ kind, start: at, nameEnd, valueStart: colon + 1, valueEnd, end });
    at = end;
  }
  return { start, fields, end: at, isClosed: false };
}

/** Whether the header is followed by a blank line. */
export function hasBlankLine(bytes: Uint8Array, header: Header): boolean {
  const next = bytes[header.end];
  return next === LF || next === CR;
}

/** Whether the bytes from `start` to `end` spell `lower` in any case. `lower` consists of small
 *  letters and hyphens, the bytes of a field's name. */
export function spells(bytes: Uint8Array, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    // A hyphen has the bit of a small letter already; nothing else a name may hold becomes one.
    if (((bytes[start + i] ?? 0) | 32) !== lower.charCodeAt(i)) return false;
  }
  return true;
}

// Its own marks kept (a byte order mark is a character like others here), bad bytes replaced.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The value of a field as text: unfolded, without blanks and tabs around it, bytes that are no UTF-8
 *  replaced by U+FFFD. At most `limitBytes` of it are read. */
export function fieldText(bytes: Uint8Array, field: Field, limitBytes = Infinity): string {
  let start = field.valueStart;
  let end = Math.min(field.valueEnd, start + limitBytes);
  while (start < end && isSpace(bytes[start])) start++;
  while (end > start && isSpace(bytes[end - 1])) end--;
  const text = decoder.decode(bytes.subarray(start, end));
  // RFC 5322 2.2.3: only the line end goes, the blank after it stays.
  return text.includes("\n") || text.includes("\r") ? text.replace(/[\r\n]+/g, "") : text;
}

/** Where the first control character but a tab stands, or -1. A regular expression with \p{Cc}
 *  takes 0.12 ms to compile, and this is on the way of every message. */
export function controlAt(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 32 ? code !== TAB : code >= 127 && code < 160) return at;
  }
  return -1;
}

/** Just past a leading `From ` or `>From ` line of an mbox file and the `>From ` lines that further
 *  hops left below it: it has a date, or a field comes below it. Any other is text; null if there
 *  is not enough to tell. */
function skipMboxLines(bytes: Uint8Array): number | null {
  if (!isMboxLine(bytes, 0)) return 0;
  const size = bytes.length;
  const lineEnd = lineStop(bytes, 0);
  let at = skipLineEnd(bytes, lineEnd);
  while (bytes[at] === MARK && isMboxLine(bytes, at)) at = skipLineEnd(bytes, lineStop(bytes, at));
  const line = new TextDecoder("latin1").decode(bytes.subarray(0, Math.min(lineEnd, 1024)));
  if (DATED_LINE.test(line)) return at;
  const nameEnd = endOfName(bytes, at);
  const colon = skipBlanks(bytes, nameEnd);
  if (nameEnd > at && bytes[colon] === COLON) return at;
  return colon === size || endsInCrs(bytes, at) ? null : 0;
}

const DATED_LINE = /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b.* \d\d?:\d\d.* \d{4}\s*$/;

/** Whether the bytes end with CR CR, of which the second stands at `at`: an LF behind them would
 *  make one line end of both. */
function endsInCrs(bytes: Uint8Array, at: number): boolean {
  return at + 1 === bytes.length && bytes[at] === CR && bytes[at - 1] === CR;
}

function isMboxLine(bytes: Uint8Array, start: number): boolean {
  let at = bytes[start] === MARK ? start + 1 : start;
  for (const byte of FROM_BLANK) {
    if (bytes[at++] !== byte) return false;
  }
  while (isBlank(bytes[at])) at++;
  // "From :" is the From field in its obsolete spelling.
  return bytes[at] !== COLON;
}

function kindOf(bytes: Uint8Array, start: number, end: number): FieldKind {
  const prefixEnd = start + CONTROL_PREFIX.length;
  if (end >= prefixEnd && spells(bytes, start, prefixEnd, CONTROL_PREFIX)) return "control";
  for (const kind of KNOWN) {
    if (spells(bytes, start, end, kind)) return kind;
  }
  return "other";
}

function endOfName(bytes: Uint8Array, start: number): number {
  const limit = Math.min(bytes.length, start + MAX_NAME_BYTES + 1);
  let at = start;
  while (at < limit) {
    const byte = bytes[at] ?? 0;
    if (byte < 33 || byte > 126 || byte === COLON) break;
    at++;
  }
  return at;
}

function skipBlanks(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && isBlank(bytes[at])) at++;
  return at;
}

function lineStop(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== LF && bytes[at] !== CR) at++;
  return at;
}

/** Just past the line end at `at`, if there is one: CRLF, CR CR LF, LF or CR. */
export function skipLineEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] === LF) return at + 1;
  if (bytes[at] !== CR) return at;
  if (bytes[at + 1] === LF) return at + 2;
  return bytes[at + 1] === CR && bytes[at + 2] === LF ? at + 3 : at + 1;
}

function isBlank(byte: number | undefined): boolean {
  return byte === BLANK || byte === TAB;
}

function isSpace(byte: number | undefined): boolean {
  return isBlank(byte) || byte === LF || byte === CR;
}
