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

  #reach(count: number): void {
    while (this.#rows.length < count && this.#at <= this.source.text.length) {
      const end = this.source.text.indexOf("\n", this.#at);
      const line = this.source.text.slice(this.#at, end < 0 ? undefined : end);
      this.#at = (end < 0 ? this.source.text.length : end) + 1;
      // The text's last line end is no empty row.
      if (end < 0 && line === "" && this.#rows.length > 0) break;
      if (this.source.isWrapped) this.#wrap(line);
      else this.#rows.push(line);
    }
  }

  #wrap(line: string): void {
    // deno-lint-ignore no-control-regex -- all of ASCII is meant: a column each
    if (/^[\x00-\x7f]*$/.test(line)) {
      let at = 0;
      do {
        let end = at + this.source.columns;
        if (end < line.length) {
          const blank = line.lastIndexOf(" ", end);
          // A word longer than half a row is cut rather than moved.
          if (blank > at + this.source.columns / 2) end = blank + 1;
        }
        this.#rows.push(line.slice(at, end));
        at = end;
      } while (at < line.length);
      return;
    }
    let row = "", columns = 0;
    for (const { segment } of graphemes(line)) {
      const width = widthOf(segment);
      if (columns + width > this.source.columns && row !== "") {
        this.#rows.push(row);
        row = "";
        columns = 0;
      }
      row += segment;
      columns += width;
    }
    this.#rows.push(row);
  }
}

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
