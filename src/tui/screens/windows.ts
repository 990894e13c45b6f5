// What Ink cannot do, in one place. It draws every cell of its tree at each key: 300x80 full of text
// takes 21 ms as a Text a row, and 48 ms as a Box a cell, of a budget of 25 ms from key to frame. So
// the rows of long texts and lists are windows: Ink lays out where they stand, and their rows are
// put into its frame here. Called by session.tsx; screen.tsx has the components.

import type { State } from "../model/state.ts";
import type { Caret } from "../terminal/frame_writer.ts";
import { widthOf } from "../measure.ts";
import { type Line, lineWidth } from "./line.ts";
import { listRows } from "./list/rows.ts";
import { type Look, paint } from "./paint.ts";
import { tabRows } from "./message/tab_rows.ts";
import { shownRows } from "./view_rows.ts";

/** The rows that each window shows of a state. */
const WINDOWS = { list: listRows, tab: tabRows, view: shownRows } as const;

export type WindowName = keyof typeof WINDOWS;

/** What Ink draws of a window: at the beginning of each row a blank with a link, which no text of a
 *  mail can hold (sanitise.ts). */
export function holes(name: WindowName, rows: number): string {
  return Array.from({ length: rows }, (_, i) => `\x1b]8;;${name}/${i}\x07 \x1b]8;;\x07`).join("\n");
}

/** What Ink draws of the character under the cursor. */
export function atCaret(character: string): string {
  return `${CARET}${character}\x1b]8;;\x07`;
}

const CARET = "\x1b]8;;caret\x07";

// deno-lint-ignore no-control-regex -- the escape character begins a link
const HOLE = /\x1b\]8;;(\w+)\/(\d+)\x07 \x1b\]8;;\x07( *)/g;

// deno-lint-ignore no-control-regex -- so does this one
const LINK = /\x1b\]8;;\w*\x07/g;
/** Blanks at the end of a row that nobody sees: they are not inverse. */
// deno-lint-ignore no-control-regex -- so do the codes that end bold, dim and a colour
const UNSEEN = / +((?:\x1b\[(?:22|39)m)*)$/;
// deno-lint-ignore no-control-regex -- and what sets colours
const CODE = /\x1b(?:\[[\d;]*m|\]8;;\w*\x07)/g;

/** A line as the terminal takes it. */
interface Painted {
  readonly text: string;
  readonly columns: number;
}

/** Puts the rows of windows into frames. */
export class WindowPainter {
  readonly #painted = new WeakMap<Line, Painted>();

  constructor(readonly look: Look) {}

  /** The rows of Ink's `frame` with those of its windows, and where the cursor stands. */
  fill(frame: string, state: State): { readonly rows: string[]; readonly caret: Caret | null } {
    const lines = new Map<string, readonly Line[]>();
    const lineOf = (name: string, row: number): Line => {
      const known = lines.get(name) ?? WINDOWS[name as WindowName](state);
      lines.set(name, known);
      return known[row] ?? [];
    };
    let caret: Caret | null = null;
    const rows = frame.split("\n").map((row, i) => {
      const at = row.indexOf(CARET);
      if (at >= 0) caret = { row: i, column: widthOf(row.slice(0, at).replace(CODE, "")) };
      return row.replace(HOLE, (_, name: string, place: string, blanks: string) => {
        const { text, columns } = this.#paint(lineOf(name, Number(place)));
        return text + " ".repeat(Math.max(0, 1 + blanks.length - columns));
      }).replace(LINK, "").replace(UNSEEN, "$1");
    });
    return { rows, caret };
  }

  /** A line that was drawn before is painted once. */
  #paint(line: Line): Painted {
    const known = this.#painted.get(line);
    if (known !== undefined) return known;
    const spans = trimmed(line);
    const text = spans.map((span) => paint(span, this.look)).join("");
    const painted = { text, columns: lineWidth(spans) };
    this.#painted.set(line, painted);
    return painted;
  }
}

/** Without blanks at its end that nobody sees. */
function trimmed(line: Line): Line {
  const spans = [...line];
  for (;;) {
    const last = spans.at(-1);
    if (last === undefined || last.style?.isInverse === true) return spans;
    const text = last.text.trimEnd();
    if (text !== "") return [...spans.slice(0, -1), { ...last, text }];
    spans.pop();
  }
}
