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

/** An address cut to `columns` in its local part: where it goes to is told by its domain. */
export function cutAddress(address: string, { columns }: { readonly columns: number }): string {
  const safe = sanitise(address.slice(0, MOST_ADDRESS));
  const at = safe.lastIndexOf("@");
  if (measure(safe) <= columns || at < 0) return fit(safe, columns);
  const domain = safe.slice(at);
  const left = columns - measure(domain);
  // At least a letter of the local part and the sign that it is cut.
  if (left >= 2) return cutText(safe.slice(0, at), left, measure) + domain;
  let end = domain;
  // The end of a domain says more than its beginning.
  while (measure(end) > columns - 1) end = [...end].slice(1).join("");
  return `…${end}`;
}

/** More than any address has. */
const MOST_ADDRESS = 400;

/** The same, filled up with blanks. */
export function fill(text: string, columns: number, align: "left" | "right" = "left"): string {
  return padText(fit(text, columns), columns, measure, align);
}
