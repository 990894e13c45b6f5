// Widths in terminal columns, and text cut and filled by them. Called wherever the screen lays text
// out. start.ts loads what knows all scripts; the rules are src/display's.

import { sanitise } from "../display/sanitise.ts";
import { cutText, loadMeasure, type Measure, padText } from "../display/width.ts";

let measure: Measure = (text) => text.length;

/** Loads what measures text of any script; until then every character counts one column. */
export async function readyMeasure(): Promise<void> {
  measure = await loadMeasure(["漢"]);
}

/** Columns of a text that is safe for a terminal. */
export function widthOf(text: string): number {
  return measure(text);
}

/** A text of a mail or relay, made safe and cut to `columns`. */
export function fit(text: string, columns: number): string {
  // Whatever the text: no column can take more than a few characters once it is safe.
  const beginning = text.length > columns * 16 ? text.slice(0, columns * 16) : text;
  return cutText(sanitise(beginning), columns, measure);
}

/** The same, filled up with blanks. */
export function fill(text: string, columns: number, align: "left" | "right" = "left"): string {
  return padText(fit(text, columns), columns, measure, align);
}
