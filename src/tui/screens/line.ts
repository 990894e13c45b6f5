// Lines of styled text: cells made safe and cut, joined, filled up. Called by every file that draws;
// windows.ts paints them.

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
export function toWidth(line: Line, columns: number): Line {
  const spans: Span[] = [];
  let left = columns;
  for (const span of line) {
    if (left <= 0) break;
    const width = widthOf(span.text);
    spans.push(width <= left ? span : { ...span, text: fit(span.text, left) });
    left -= Math.min(width, left);
  }
  return left > 0 ? [...spans, { text: " ".repeat(left) }] : spans;
}
