// What intake changes in a message's header: fields are added and dropped, a missing blank line is
// put in. prepare.ts calls it for all content; line ends are line_ends.ts's.

import { type Field, type FieldKind, fieldText, hasBlankLine, type Header } from "./headers.ts";
import { joinBytes } from "../../system/bytes.ts";

const LF = 10;
const CR = 13;
const QUOTE = 34;
const OPEN_COMMENT = 40;
const COMMA = 44;
const COLON = 58;
const SEMICOLON = 59;
const AT = 64;
const BACKSLASH = 92;
const CRLF = "\r\n";
const LINE_FEED = Uint8Array.of(LF);
const encoder = new TextEncoder();

/** A field to put at the top. */
export interface AddedField {
  readonly name: string;
  /** Without line ends but those of folding. */
  readonly value: string;
}

/** Fields in another form: each as a whole, with its line end. */
export type ReplacedFields = ReadonlyMap<Field, Uint8Array>;

const NOTHING_REPLACED: ReplacedFields = new Map();
const NOTHING: Uint8Array = new Uint8Array(0);

/** The message without mbox line, `Bcc`, `Resent-Bcc` and `X-Mail-Queue-*`, with `added` at its top,
 *  `replaced` in place of what it had, and with a blank line behind its header where there was none: without one a relay would take
 *  the text for fields. Every other byte stays, and no two line ends become one; the same array
 *  where nothing changes. `bytes` may be the beginning of a message, if all of its header is
 *  there. */
export function editHeader(
  bytes: Uint8Array,
  header: Header,
  added: readonly AddedField[],
  replaced = NOTHING_REPLACED,
): Uint8Array {
  const changed = header.fields.filter((field) => isDropped(field.kind) || replaced.has(field));
  const isSame = added.length === 0 && changed.length === 0 && header.start === 0;
  return isSame
    ? closeHeader(bytes, header)
    : cutAndJoin(bytes, header, { added, changed, replaced, from: header.start });
}

/** The message with a blank line behind its header; the same array where there is one. */
export function closeHeader(bytes: Uint8Array, header: Header): Uint8Array {
  if (hasBlankLine(bytes, header)) return bytes;
  return cutAndJoin(bytes, header, {
    added: [],
    changed: [],
    replaced: NOTHING_REPLACED,
    from: 0,
  });
}

/** What becomes another in a message from `from` on. */
interface HeaderChanges {
  readonly added: readonly AddedField[];
  /** Fields that do not stay, in their order. */
  readonly changed: readonly Field[];
  readonly replaced: ReplacedFields;
  readonly from: number;
}

function cutAndJoin(
  bytes: Uint8Array,
  header: Header,
  { added, changed, replaced, from: start }: HeaderChanges,
): Uint8Array {
  let from = start;
  const top = added.map(({ name, value }) => `${name}: ${value}${CRLF}`).join("");
  const kept: Uint8Array[] = [encoder.encode(top)];
  let last = LF;
  const keep = (piece: Uint8Array) => {
    if (piece.length === 0) return;
    // A bare CR and a line end that what is dropped kept apart are two line ends, not one.
    if (last === CR && (piece[0] === LF || piece[0] === CR)) kept.push(LINE_FEED);
    kept.push(piece);
    last = piece[piece.length - 1] ?? LF;
  };
  const keepUpTo = (end: number) => keep(bytes.subarray(from, end));
  for (const field of changed) {
    keepUpTo(field.start);
    keep(replaced.get(field) ?? NOTHING);
    from = field.end;
  }
  if (!hasBlankLine(bytes, header)) {
    keepUpTo(header.end);
    from = header.end;
    kept.push(encoder.encode(last === LF ? CRLF : last === CR ? `\n${CRLF}` : CRLF + CRLF));
    last = LF;
  }
  keepUpTo(bytes.length);
  return joinBytes(kept);
}

/** Whether the header has a field of this kind. */
export function hasField(header: Header, kind: FieldKind): boolean {
  return header.fields.some((field) => field.kind === kind);
}

/** The names, in small letters, that a DKIM signature covers (RFC 6376 3.5, `h=`). One that is
 *  missing was signed as absent: adding it would break the signature. */
export function signedNames(bytes: Uint8Array, header: Header): ReadonlySet<string> {
  const names = new Set<string>();
  for (const field of header.fields) {
    if (field.kind !== "dkim-signature") continue;
    for (const tag of fieldText(bytes, field).split(";")) {
      const equals = tag.indexOf("=");
      if (tag.slice(0, equals).trim() !== "h") continue;
      for (const name of tag.slice(equals + 1).split(":")) names.add(name.trim().toLowerCase());
    }
  }
  return names;
}

/** A date as RFC 5322 3.3 writes it, in the local time zone. */
export function formatDate(timeMs: number): string {
  const date = new Date(timeMs);
  const offset = -date.getTimezoneOffset();
  const distance = Math.abs(offset);
  const zone = (offset < 0 ? "-" : "+") + twoDigits(Math.floor(distance / 60)) +
    twoDigits(distance % 60);
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
  const month = MONTHS[date.getMonth()];
  const year = String(date.getFullYear()).padStart(4, "0");
  return `${DAYS[date.getDay()]}, ${date.getDate()} ${month} ${year} ${clock} ${zone}`;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
];

function twoDigits(count: number): string {
  return count < 10 ? `0${count}` : String(count);
}

/** Whether a field of addresses may hold a bare name such as `root`. False only where each entry
 *  surely has a domain: this is asked of each message, so most are to be done with here. */
export function mayHoldBareName(bytes: Uint8Array, { valueStart, valueEnd }: Field): boolean {
  let atSigns = 0;
  for (let at = valueStart; at < valueEnd; at++) {
    switch (bytes[at]) {
      case AT:
        atSigns++;
        break;
      case COMMA:
        if (atSigns !== 1) return true;
        atSigns = 0;
        break;
      case QUOTE:
        at = bytes.indexOf(QUOTE, at + 1);
        if (at < 0) return true;
        break;
      case OPEN_COMMENT:
      case COLON:
      case SEMICOLON:
      case BACKSLASH:
        return true;
    }
  }
  return atSigns !== 1;
}

function isDropped(kind: FieldKind): boolean {
  return kind === "bcc" || kind === "resent-bcc" || kind === "control";
}
