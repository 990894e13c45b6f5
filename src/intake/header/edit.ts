import { type FieldKind, fieldText, hasBlankLine, type Header } from "./headers.ts";

const LF = 10;
const CR = 13;
const CRLF = "\r\n";
const LINE_FEED = Uint8Array.of(LF);
const encoder = new TextEncoder();

/** A field to put at the top. */
export interface AddedField {
  readonly name: string;
  /** Without line ends but those of folding. */
  readonly value: string;
}

/** The message without mbox line, `Bcc`, `Resent-Bcc` and `X-Mail-Queue-*`, and with `added` at its
 *  top, followed by a blank line if it had no header at all. Every other byte stays, and no two
 *  line ends become one; the same array where nothing changes. `bytes` may be the beginning of a
 *  message, if all of its header is there. */
export function editHeader(
  bytes: Uint8Array,
  header: Header,
  added: readonly AddedField[],
): Uint8Array {
  const top = encoder.encode(topText(bytes, header, added));
  const dropped = header.fields.filter((field) => isDropped(field.kind));
  if (top.length === 0 && dropped.length === 0 && header.start === 0) return bytes;
  const kept: Uint8Array[] = [top];
  let last = LF;
  let from = header.start;
  const keepUpTo = (end: number) => {
    if (end === from) return;
    // A bare CR and a bare LF that what is dropped kept apart are two line ends, not one.
    if (last === CR && bytes[from] === LF) kept.push(LINE_FEED);
    kept.push(bytes.subarray(from, end));
    last = bytes[end - 1] ?? LF;
  };
  for (const field of dropped) {
    keepUpTo(field.start);
    from = field.end;
  }
  keepUpTo(bytes.length);
  return joinBytes(kept);
}

/** Puts arrays one after another into one. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
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

function isDropped(kind: FieldKind): boolean {
  return kind === "bcc" || kind === "resent-bcc" || kind === "control";
}

function topText(bytes: Uint8Array, header: Header, added: readonly AddedField[]): string {
  let text = "";
  for (const { name, value } of added) text += `${name}: ${value}${CRLF}`;
  const isHeaderless = header.fields.length === 0 && !hasBlankLine(bytes, header);
  return text !== "" && isHeaderless ? text + CRLF : text;
}
