// Header fields on the wire: the name, the value, folded into lines that are short enough. Called
// by header.ts for each field; addresses are address_text.ts's.

import { encodedWords } from "../header/encoded_words.ts";

/** RFC 2047 2 for lines with encoded words; RFC 5322 2.1.1 has 78. */
const WIDTH = 76;
/** RFC 5322 2.1.1: no line may be longer, its end not counted. */
export const MAX_LINE_BYTES = 998;

/** A header field with its last line end. `value` is one line of text; it is broken before blanks
 *  and reads the same when it is unfolded (RFC 5322 2.2.3). */
export function field(name: string, value: string): string {
  const line = `${name}: ${value}`;
  return (line.length <= WIDTH ? line : fold(line)) + "\r\n";
}

/** A field of free text: as it is if it is ASCII, else in encoded words (RFC 2047). */
export function textField(name: string, text: string): string {
  const trimmed = text.replaceAll("\t", " ").trim();
  // Only a word too long for any line is left in one piece by folding.
  const isPlain = /^[ -~]*$/.test(trimmed) &&
    (trimmed.length < 890 || !/[^ ]{890}/.test(trimmed));
  const firstBytes = Math.max(9, 3 * Math.floor((WIDTH - 14 - name.length) / 4));
  return field(name, isPlain ? trimmed : encodedWords(trimmed, firstBytes));
}

/** Breaks before runs of blanks, so that no line is all blank. Not after a backslash: in a quoted
 *  string it would quote the line end. */
function fold(line: string): string {
  let folded = "";
  let column = 0;
  // The name and the blank after it stay with the first word.
  let isFirst = true;
  for (const [piece] of line.matchAll(/ *(?:[^ \\]|\\(?: |[^ ]|$))+/g)) {
    if (column > 0 && column + piece.length > WIDTH && !isFirst) {
      folded += "\r\n";
      column = 0;
    }
    isFirst = column === 0 && folded === "";
    folded += piece;
    column += piece.length;
  }
  return folded;
}
