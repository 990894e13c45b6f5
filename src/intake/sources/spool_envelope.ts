// The envelope that zope.sendmail and repoze.sendmail put into the message itself. Called by
// maildir_batch.ts for a spool's files; an ordinary Maildir's have none.

import { joinBytes } from "../../system/bytes.ts";
import { decodeWords } from "../header/encoded_words.ts";
import { type Field, fieldText, scanHeader, spells } from "../header/headers.ts";

/** What a file of a spool says of its envelope. */
export interface SpoolEnvelope {
  /** Empty for the null sender; null if the file says nothing. */
  readonly from: string | null;
  /** An address list, or null. */
  readonly to: string | null;
  /** The message without those lines. */
  readonly message: Uint8Array;
}

/** Reads the envelope that zope.sendmail or repoze.sendmail put into a spooled message; null if
 *  there is none. `bytes` may be the beginning of a message, if its header is there.
 *
 *  zope.sendmail: the lines `X-Zope-From: ` and `X-Zope-To: ` above all others. repoze.sendmail: the
 *  fields `X-Actually-From` and `X-Actually-To` at the end of the header, their values as a whole in
 *  encoded words; of several the last counts, which is the one repoze.sendmail has added. */
export function readSpoolEnvelope(bytes: Uint8Array): SpoolEnvelope | null {
  return readZope(bytes) ?? readRepoze(bytes);
}

const LF = 10;
// Two lines with no more than this in them; an address list of that length is some 10,000 people.
const MAX_LINES_BYTES = 512 * 1024;

function readZope(bytes: Uint8Array): SpoolEnvelope | null {
  if (!spells(bytes, 0, ZOPE_FROM.length, ZOPE_FROM)) return null;
  const top = bytes.subarray(0, MAX_LINES_BYTES);
  const first = top.indexOf(LF);
  const second = first < 0 ? -1 : top.indexOf(LF, first + 1);
  const toStart = first + 1;
  if (second < 0 || !spells(bytes, toStart, toStart + ZOPE_TO.length, ZOPE_TO)) return null;
  const value = (start: number, end: number) => {
    const text = decoder.decode(bytes.subarray(start, end));
    return text.startsWith(":") ? text.slice(1).trim() : null;
  };
  const from = value(ZOPE_FROM.length, first);
  const to = value(toStart + ZOPE_TO.length, second);
  if (from === null || to === null) return null;
  return { from, to, message: bytes.subarray(second + 1) };
}

const ZOPE_FROM = "x-zope-from", ZOPE_TO = "x-zope-to";
const REPOZE_FROM = "x-actually-from", REPOZE_TO = "x-actually-to";
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function readRepoze(bytes: Uint8Array): SpoolEnvelope | null {
  const header = scanHeader(bytes);
  const isNamed = (field: Field, name: string) => spells(bytes, field.start, field.nameEnd, name);
  const from = header.fields.findLast((field) => isNamed(field, REPOZE_FROM));
  const to = header.fields.findLast((field) => isNamed(field, REPOZE_TO));
  if (from === undefined && to === undefined) return null;
  const kept: Uint8Array[] = [];
  let at = 0;
  for (const field of header.fields) {
    if (!isNamed(field, REPOZE_FROM) && !isNamed(field, REPOZE_TO)) continue;
    kept.push(bytes.subarray(at, field.start));
    at = field.end;
  }
  kept.push(bytes.subarray(at));
  const text = (field: Field | undefined) =>
    field === undefined ? null : wholeText(fieldText(bytes, field));
  return { from: text(from), to: text(to), message: joinBytes(kept) };
}

/** A value that is nothing but encoded words is decoded. One among other text is part of a name,
 *  and could bring addresses with it that are none. */
function wholeText(text: string): string {
  return /^(?:=\?[^?\s]+\?[bq]\?[^?\s]*\?=\s*)+$/i.test(text) ? decodeWords(text) : text;
}
