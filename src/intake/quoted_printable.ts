// Writes bytes as quoted-printable (RFC 2045 6.7). Called for text that can go no other way: by
// long_lines.ts for what is taken in, by compose/body.ts for what is composed.

const TAB = 9;
const LF = 10;
const CR = 13;
const BLANK = 32;
const DOT = 46;
const EQUALS = 61;
const HEX = new TextEncoder().encode("0123456789ABCDEF");
/** The longest line, its soft end included. */
const QUOTED_LINE_BYTES = 76;

/** The text as quoted-printable. Every line end (CRLF, LF, CR CR LF or CR) becomes CRLF; all other bytes
 *  come out again as they were. A dot that begins a line is encoded too: then no relay has to double
 *  it. */
export function quotedPrintable(bytes: Uint8Array): Uint8Array {
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
    // Blanks at the end of a line may get lost (6.7 (3)).
    const mayStand = byte === BLANK || byte === TAB
      ? !endsLine
      : byte > BLANK && byte < 127 && byte !== EQUALS;
    if (column + (mayStand ? 1 : 3) > QUOTED_LINE_BYTES - (endsLine ? 0 : 1)) {
      out[to++] = EQUALS;
      out[to++] = CR;
      out[to++] = LF;
      column = 0;
    }
    const isPlain = mayStand && !(byte === DOT && column === 0);
    if (isPlain) out[to++] = byte;
    else {
      out[to++] = EQUALS;
      out[to++] = HEX[byte >> 4] ?? 0;
      out[to++] = HEX[byte & 15] ?? 0;
    }
    column += isPlain ? 1 : 3;
  }
  return out.slice(0, to);
}
