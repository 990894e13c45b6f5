// Encoded words of RFC 2047, read and written. Called for what people see of a header, for composed
// headers and for spools; which fields may hold them, the callers know.

import { base64Bytes, base64Text, joinBytes } from "../../system/bytes.ts";

const WORD = /=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bq])\?([^?\s]*)\?=/gi;

// Kept: making one takes as long as decoding a word does.
const utf8Decoder = new TextDecoder("utf-8");
const utf8Encoder = new TextEncoder();

interface Word {
  readonly charset: string;
  readonly bytes: Uint8Array;
}

/** Text with its RFC 2047 encoded words decoded. A word of an unknown charset or with a broken
 *  encoding stays as it is. For people to read only: addresses are parsed before, never after. */
export function decodeWords(text: string): string {
  let result = "";
  /** Neighbours of one charset are decoded together: mailers cut characters in two. */
  let run: Word[] = [];
  let runStart = 0;
  let end = 0;
  const flush = () => {
    if (run.length > 0) result += decodeRun(run) ?? text.slice(runStart, end);
    run = [];
  };
  for (const match of text.matchAll(WORD)) {
    const [whole, charset = "", encoding = "", body = ""] = match;
    const between = text.slice(end, match.index);
    const bytes = encoding.toLowerCase() === "b" ? base64Bytes(body) : quotedBytes(body);
    // RFC 2047 6.2: blanks between two encoded words are no part of the text.
    const isNeighbour = run.length > 0 && between.trim() === "" && bytes !== null;
    const isSameCharset = run[0]?.charset === charset.toLowerCase();
    if (!isNeighbour || !isSameCharset) flush();
    if (!isNeighbour) result += between;
    if (bytes === null) result += whole;
    else {
      if (run.length === 0) runStart = match.index;
      run.push({ charset: charset.toLowerCase(), bytes });
    }
    end = match.index + whole.length;
  }
  flush();
  return result + text.slice(end);
}

function decodeRun(run: readonly Word[]): string | null {
  const bytes = joinBytes(run.map((word) => word.bytes));
  const charset = run[0]?.charset;
  try {
    return (charset === "utf-8" ? utf8Decoder : new TextDecoder(charset)).decode(bytes);
  } catch {
    return null; // RangeError: a charset the runtime does not know.
  }
}

/** The Q encoding of RFC 2047 4.2. Bytes of a broken escape stand for themselves. */
function quotedBytes(text: string): Uint8Array {
  const plain = utf8Bytes(text);
  const bytes = new Uint8Array(plain.length);
  let to = 0;
  for (let at = 0; at < plain.length; at++) {
    const byte = plain[at] ?? 0;
    const escaped = byte === 61 ? hexByte(plain[at + 1], plain[at + 2]) : null;
    if (escaped !== null) at += 2;
    bytes[to++] = escaped ?? (byte === 95 ? 32 : byte);
  }
  return bytes.subarray(0, to);
}

function hexByte(high: number | undefined, low: number | undefined): number | null {
  const digits = String.fromCharCode(high ?? 0, low ?? 0);
  return /^[0-9a-f]{2}$/i.test(digits) ? parseInt(digits, 16) : null;
}

/** They become 60 characters, between 12 others. */
const WORD_BYTES = 45;

/** Text as encoded words of at most 75 characters (RFC 2047 2) with a blank between them, where a
 *  field is to be folded. The first one holds at most `firstBytes`, for what stands before it. */
export function encodedWords(text: string, firstBytes = WORD_BYTES): string {
  const bytes = utf8Bytes(text);
  const words: string[] = [];
  for (let at = 0; at < bytes.length || words.length === 0;) {
    // No character is cut in two (RFC 2047 5).
    let end = Math.min(at + (at === 0 ? firstBytes : WORD_BYTES), bytes.length);
    while (isContinuation(bytes[end])) end--;
    words.push(encodeWord(bytes.subarray(at, end)));
    at = end;
  }
  return words.join(" ");
}

/** The same, folded: one word a line. */
export function encodeWords(text: string): string {
  return encodedWords(text).replaceAll(" ", "\r\n ");
}

/** Whether a byte is one of a UTF-8 character's but its first. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function encodeWord(bytes: Uint8Array): string {
  return `=?UTF-8?B?${base64Text(bytes)}?=`;
}

function utf8Bytes(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}
