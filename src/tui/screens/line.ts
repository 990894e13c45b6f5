// Lines of styled text: cells made safe and cut, joined, filled up, painted with colours. Called by
// every file that draws, and by session.tsx for painting.

import { SGR } from "../../display/colour.ts";
import type { Colour } from "../../display/colour.ts";
import { fill, fit, widthOf } from "../measure.ts";

export interface Style {
  readonly colour?: Colour;
  readonly isBold?: boolean;
  readonly isInverse?: boolean;
}

/** A piece of a line: text that is safe for a terminal. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type Line = readonly Span[];

/** Text of a mail or a relay, made safe and cut. */
export function cell(text: string, columns: number, style?: Style): Span {
  return { text: fit(text, Math.max(0, columns)), style };
}

/** The same, filled up with blanks. */
export function padded(
  text: string,
  columns: number,
  style?: Style,
  align: "left" | "right" = "left",
): Span {
  return { text: fill(text, Math.max(0, columns), align), style };
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** Fills a line up to `columns`; what is beyond them is cut off. */
export function toWidth(line: Line, columns: number, style?: Style): Line {
  const spans: Span[] = [];
  let left = columns;
  for (const span of line) {
    if (left <= 0) break;
    const width = widthOf(span.text);
    spans.push(width <= left ? span : { ...span, text: fit(span.text, left) });
    left -= Math.min(width, left);
  }
  return left > 0 ? [...spans, { text: " ".repeat(left), style }] : spans;
}

/** One at the left, the other at the right; the left one gives way. */
export function leftAndRight(
  { left, right, columns }: {
    readonly left: Line;
    readonly right: Line;
    readonly columns: number;
  },
): Line {
  const room = columns - lineWidth(right);
  return room <= 0 ? toWidth(left, columns) : [...toWidth(left, room), ...right];
}

/** A line as the terminal takes it; without colours it is bold, dim or inverse only. */
export function paintLine(line: Line, { isColoured }: { readonly isColoured: boolean }): string {
  let painted = "";
  for (const { text, style } of trimmed(line)) {
    const codes: number[] = [];
    if (style?.isBold === true) codes.push(1);
    if (style?.isInverse === true) codes.push(7);
    // What has no colour may be bold, dim or inverse all the same (no-color.org).
    if (style?.colour !== undefined && (isColoured || style.colour === "dim")) {
      codes.push(SGR[style.colour]);
    }
    painted += codes.length === 0 || text === "" ? text : `\x1b[${codes.join(";")}m${text}\x1b[0m`;
  }
  return painted;
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
