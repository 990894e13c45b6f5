// Writes frames to the terminal: changed rows only, each from its own place, with the column told
// again after characters on whose width terminals disagree. Called by session.tsx.

import { graphemes } from "../../display/width.ts";
import { widthOf } from "../measure.ts";

/** Where the terminal's cursor is shown; both count from 0. */
export interface Caret {
  readonly row: number;
  readonly column: number;
}

// Synchronised output: a terminal that knows of it shows the frame in one go.
const BEGIN = "\x1b[?2026h";
const END = "\x1b[?2026l";

// deno-lint-ignore no-control-regex -- the escape character begins what sets colours
const SGR = /\x1b\[[\d;]*m/g;

/** Text on whose width all terminals agree: one column a character. */
const SIMPLE =
  /^[\x20-\x7e\u00a1-\u00a8\u00aa-\u00ac\u00af-\u024f\u2010-\u2016\u2018-\u2027\u2190\u2192\u2400-\u2426\u2500-\u257f\u25cb\u25d0\u2713\u2717\ufffd\u25b8\u25be\u25b2\u25cf\u23ce]*$/;

/** Shows frames, writing only the rows that have changed, each from its own place: whatever a
 *  terminal makes of one row's characters, no other row is moved by it. */
export class FrameWriter {
  #shown: readonly string[] = [];

  constructor(readonly write: (text: string) => void) {}

  /** The next frame is written whole. */
  forget(): void {
    this.#shown = [];
  }

  show(rows: readonly string[], columns: number, caret: Caret | null): void {
    let text = "";
    const isWhole = this.#shown.length !== rows.length;
    if (isWhole) text += "\x1b[0m\x1b[2J";
    for (const [i, row] of rows.entries()) {
      if (isWhole ? row !== "" : row !== this.#shown[i]) text += placed(i, row, columns);
    }
    this.#shown = [...rows];
    const cursor = caret === null
      ? "\x1b[?25l"
      : `\x1b[${caret.row + 1};${caret.column + 1}H\x1b[?25h`;
    this.write(`${BEGIN}${text}${cursor}${END}`);
  }
}

function placed(i: number, row: string, columns: number): string {
  const to = `\x1b[${i + 1};1H`;
  const plain = row.replace(SGR, "");
  if (SIMPLE.test(plain)) {
    // At the last column the cursor stands on what was just written: nothing is left to erase.
    return `${to}${row}\x1b[0m${plain.length < columns ? "\x1b[K" : ""}`;
  }
  return `${to}\x1b[0m\x1b[2K${anchored(row)}\x1b[0m`;
}

/** Tells the terminal after each doubtful character at which column the next one stands, since
 *  terminals disagree about the width of emoji, and of much else. */
function anchored(row: string): string {
  let text = "", column = 0, at = 0;
  const add = (part: string) => {
    for (const { segment } of graphemes(part)) {
      text += segment;
      if (SIMPLE.test(segment)) column++;
      else {
        column += widthOf(segment);
        text += `\x1b[${column + 1}G`;
      }
    }
  };
  for (const match of row.matchAll(SGR)) {
    add(row.slice(at, match.index));
    text += match[0];
    at = match.index + match[0].length;
  }
  add(row.slice(at));
  return text;
}
