// Cuts a long text into the rows of a terminal, no further than it is asked for. Called by
// detail.ts and attempt_lines.ts for the tabs of a message.

import { graphemes } from "../../../display/width.ts";
import { widthOf } from "../../measure.ts";

/** What is cut into rows. */
interface RowSource {
  /** Safe for a terminal, with LF line ends. */
  readonly text: string;
  readonly columns: number;
  readonly isWrapped: boolean;
}

/** A text cut into a terminal's rows, no further than it is asked for: a megabyte is never
 *  wrapped for the few rows that are seen. */
export class TextRows {
  readonly #rows: string[] = [];
  #at = 0;
  /** What of a line is not in a row yet. */
  #line = "";

  constructor(readonly source: RowSource) {}

  /** Rows from `from` on, at most `count`. */
  slice(from: number, count: number): readonly string[] {
    this.#reach(from + count);
    return this.#rows.slice(from, from + count);
  }

  /** Whether there are at least `count` rows. */
  has(count: number): boolean {
    this.#reach(count);
    return this.#rows.length >= count;
  }

  /** All of them; wraps the whole text. */
  get count(): number {
    this.#reach(Infinity);
    return this.#rows.length;
  }

  /** How many rows were made so far. */
  get reached(): number {
    return this.#rows.length;
  }

  #reach(count: number): void {
    while (this.#rows.length < count) {
      if (this.#line !== "") this.#breakOff();
      else if (this.#at <= this.source.text.length) this.#nextLine();
      else return;
    }
  }

  #nextLine(): void {
    const { text, isWrapped } = this.source;
    const end = text.indexOf("\n", this.#at);
    const line = text.slice(this.#at, end < 0 ? undefined : end);
    this.#at = (end < 0 ? text.length : end) + 1;
    // The text's last line end is no empty row.
    if (end < 0 && line === "" && this.#rows.length > 0) return;
    if (isWrapped && line !== "") this.#line = line;
    else this.#rows.push(line);
  }

  /** Breaks a line behind its blanks, and in mid-word only where a word is longer than half a row. A
   *  blank that would stand behind the last column is the break itself; no other letter is lost. */
  #breakOff(): void {
    const { at, hasBlank } = breakOf(this.#line, this.source.columns);
    this.#rows.push(this.#line.slice(0, at));
    this.#line = this.#line.slice(hasBlank ? at + 1 : at);
  }
}

interface Break {
  /** Where the row ends, in UTF-16 units. */
  readonly at: number;
  /** There stands a blank which belongs to no row. */
  readonly hasBlank: boolean;
}

function breakOf(text: string, columns: number): Break {
  const end = endOf(text, columns);
  if (end >= text.length) return { at: text.length, hasBlank: false };
  if (text[end] === " ") return { at: end, hasBlank: true };
  const blank = text.lastIndexOf(" ", end - 1);
  // A word longer than half a row is cut rather than moved.
  const isFar = blank < 0 || widthOf(text.slice(0, blank)) < columns / 2;
  return { at: isFar ? end : blank + 1, hasBlank: false };
}

/** How much of a text a row holds: at least a character, be it too wide. */
function endOf(text: string, columns: number): number {
  const beginning = text.slice(0, columns + 1);
  // All of ASCII is a column each.
  // deno-lint-ignore no-control-regex -- all of ASCII is meant
  if (/^[\x00-\x7f]*$/.test(beginning)) return Math.min(text.length, Math.max(1, columns));
  let left = columns;
  let end = 0;
  // A character may be long, but no row holds more than a few units for each of its columns.
  for (const { index, segment } of graphemes(text.slice(0, columns * UNITS_A_COLUMN))) {
    left -= widthOf(segment);
    if (left < 0 && index > 0) return index;
    end = index + segment.length;
  }
  return end;
}

/** Marks pile up to a few on a letter (sanitise.ts cuts more), and a picture has a few parts. */
const UNITS_A_COLUMN = 16;

let last: TextRows | null = null;
let before: TextRows | null = null;

/** The rows of a text; those asked for last are kept. */
export function textRows(source: RowSource): TextRows {
  for (const kept of [last, before]) {
    if (kept !== null && isSame(kept.source, source)) return kept;
  }
  before = last;
  last = new TextRows(source);
  return last;
}

function isSame(a: RowSource, b: RowSource): boolean {
  return a.text === b.text && a.columns === b.columns && a.isWrapped === b.isWrapped;
}
