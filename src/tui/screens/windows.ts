// What Ink cannot do, in one place. It draws every cell of its tree at each key: 300x80 full of text
// takes 21 ms as a Text a row, and 48 ms as a Box a cell, of a budget of 25 ms from key to frame. So
// the rows of long texts and lists are windows: Ink lays out where they stand, and their rows are
// put into its frame here. Called by session.tsx; screen.tsx has the components.

import type { ColourCodes } from "../own/colours.ts";
import type { State } from "../model/state.ts";
import { frameOf } from "./frame.ts";
import { type Line, lineWidth } from "./line.ts";

/** The rows that each window shows of a state. */
const WINDOWS = {
  screen: (state: State) => frameOf(state).lines,
} as const;

export type WindowName = keyof typeof WINDOWS;

/** What Ink draws of a window: at the beginning of each row a blank with a link, which no text of a
 *  mail can hold (sanitise.ts). */
export function holes(name: WindowName, rows: number): string {
  return Array.from({ length: rows }, (_, i) => `\x1b]8;;${name}/${i}\x07 \x1b]8;;\x07`).join("\n");
}

// deno-lint-ignore no-control-regex -- the escape character begins a link
const HOLE = /\x1b\]8;;(\w+)\/(\d+)\x07 \x1b\]8;;\x07( *)/g;

/** A row as the terminal takes it. */
interface Painted {
  readonly text: string;
  readonly columns: number;
}

interface Look {
  readonly isColoured: boolean;
  /** The codes of each colour. */
  readonly codes: ColourCodes;
}

/** Puts the rows of windows into frames. */
export class WindowPainter {
  readonly #painted = new WeakMap<Line, Painted>();

  constructor(readonly look: Look) {}

  /** The rows of Ink's `frame`, with those of its windows. */
  fill(frame: string, state: State): string[] {
    const lines = new Map<string, readonly Line[]>();
    const lineOf = (name: string, row: number): Line => {
      const known = lines.get(name) ?? WINDOWS[name as WindowName](state);
      lines.set(name, known);
      return known[row] ?? [];
    };
    return frame.split("\n").map((row) =>
      row.replace(HOLE, (_, name: string, place: string, blanks: string) => {
        const { text, columns } = this.#paint(lineOf(name, Number(place)));
        return text + " ".repeat(Math.max(0, 1 + blanks.length - columns));
      }).trimEnd()
    );
  }

  /** A line that was drawn before is painted once. */
  #paint(line: Line): Painted {
    const known = this.#painted.get(line);
    if (known !== undefined) return known;
    const painted = paint(trimmed(line), this.look);
    this.#painted.set(line, painted);
    return painted;
  }
}

/** A line as the terminal takes it; without colours it is bold, dim or inverse only. */
function paint(line: Line, { isColoured, codes }: Look): Painted {
  const text = line.map(({ text, style }) => {
    const numbers: number[] = [];
    if (style?.isBold === true) numbers.push(1);
    if (style?.isInverse === true) numbers.push(7);
    // What has no colour may be bold, dim or inverse all the same (no-color.org).
    if (style?.colour !== undefined && (isColoured || style.colour === "dim")) {
      numbers.push(...codes[style.colour]);
    }
    return numbers.length === 0 || text === "" ? text : `\x1b[${numbers.join(";")}m${text}\x1b[0m`;
  }).join("");
  return { text, columns: lineWidth(line) };
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
