// Lines of over 998 octets, which RFC 5321 4.5.3.1.6 lets a relay refuse: the text of such a mail is
// encoded as quoted-printable (RFC 2045 6.7), which loses nothing. Loaded by prepare.ts where there
// is one, and by prepare_large.ts, which can only tell of them.

import type { AddedField, ReplacedFields } from "./header/edit.ts";
import { hasBlankLine, type Header, skipLineEnd } from "./header/headers.ts";
import { MAX_LINE_OCTETS } from "./header/line_ends.ts";
import { fieldNamed, isSigned, onlyFieldNamed } from "./header/signed.ts";
import { quotedPrintable } from "./quoted_printable.ts";
import { joinBytes } from "../system/bytes.ts";

const LF = 10;
const CR = 13;

/** A message whose text is encoded. */
interface EncodedLines {
  /** The header as it was, and the text anew. */
  readonly bytes: Uint8Array;
  readonly added: readonly AddedField[];
  readonly replaced: ReplacedFields;
  /** For people, such as `encoded 1 long line`. */
  readonly change: string;
}

/** The message with its text as quoted-printable and the fields that say so; null where it has to
 *  stay as it is. */
export function encodeLines(bytes: Uint8Array, header: Header): EncodedLines | null {
  if (!mayBeEncoded(bytes, header)) return null;
  const start = hasBlankLine(bytes, header) ? skipLineEnd(bytes, header.end) : header.end;
  const encoding = fieldNamed(bytes, header, "content-transfer-encoding");
  const added: AddedField[] = [];
  if (fieldNamed(bytes, header, "mime-version") === null) {
    added.push({ name: "MIME-Version", value: "1.0" });
  }
  if (fieldNamed(bytes, header, "content-type") === null) {
    const charset = charsetOf(bytes.subarray(start));
    added.push({ name: "Content-Type", value: `text/plain; charset=${charset}` });
  }
  if (encoding === null) {
    added.push({ name: "Content-Transfer-Encoding", value: "quoted-printable" });
  }
  const count = countLongLines(bytes, start);
  return {
    bytes: joinBytes([bytes.subarray(0, start), quotedPrintable(bytes.subarray(start))]),
    added,
    replaced: new Map(encoding === null ? [] : [[encoding.field, ENCODING_FIELD]]),
    change: `encoded ${count} long line${count === 1 ? "" : "s"}`,
  };
}

const ENCODING_FIELD = new TextEncoder().encode(
  "Content-Transfer-Encoding: quoted-printable\r\n",
);

/** Whether the text of this message is one that may be encoded: unsigned, not in parts, and in no
 *  encoding yet. */
export function mayBeEncoded(bytes: Uint8Array, header: Header): boolean {
  if (isSigned(bytes, header)) return false;
  const type = onlyFieldNamed(bytes, header, "content-type");
  const encoding = onlyFieldNamed(bytes, header, "content-transfer-encoding");
  return (type === null || /^text\/[\w.+-]+\s*(?:;|$)/i.test(type)) &&
    (encoding === null || /^(?:7bit|8bit|binary)$/i.test(encoding));
}

function charsetOf(text: Uint8Array): string {
  if (text.every((byte) => byte < 128)) return "us-ascii";
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(text);
    return "utf-8";
  } catch {
    return "unknown-8bit";
  }
}

/** Counts lines of over 998 octets of text with CRLF line ends that comes in pieces. */
export class LongLineCounter {
  count = 0;
  /** Octets of the line at hand, its CR too. */
  #octets = 0;

  push(piece: Uint8Array): void {
    for (let from = 0; from < piece.length;) {
      const end = piece.indexOf(LF, from);
      this.#octets += (end < 0 ? piece.length : end) - from;
      if (end < 0) return;
      if (this.#octets > MAX_LINE_OCTETS + 1) this.count++;
      this.#octets = 0;
      from = end + 1;
    }
  }
}

/** How many lines from `start` on are over 998 octets, their line ends not counted. */
function countLongLines(bytes: Uint8Array, start: number): number {
  let count = 0;
  let lineStart = start;
  for (let at = start; at <= bytes.length; at++) {
    const byte = bytes[at];
    if (byte !== undefined && byte !== LF && byte !== CR) continue;
    if (at - lineStart > MAX_LINE_OCTETS) count++;
    lineStart = at + 1;
  }
  return count;
}
