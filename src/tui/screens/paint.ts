// Puts the codes of a style around a text. Called by words.tsx for what Ink lays out, and by windows.ts
// for rows that it does not. Ink's own colours are not used: operators may have others.

import type { ColourCodes } from "../own/colours.ts";
import type { Span } from "./line.ts";

/** What styles look like. */
export interface Look {
  readonly isColoured: boolean;
  /** The codes of each colour. */
  readonly codes: ColourCodes;
}

/** A text as the terminal takes it; without colours it is bold, dim or inverse only. */
export function paint({ text, style }: Span, { isColoured, codes }: Look): string {
  const numbers: number[] = [];
  if (style?.isBold === true) numbers.push(1);
  if (style?.isInverse === true) numbers.push(7);
  // What has no colour may be bold, dim or inverse all the same (no-color.org).
  if (style?.colour !== undefined && (isColoured || style.colour === "dim")) {
    numbers.push(...codes[style.colour]);
  }
  return numbers.length === 0 || text === "" ? text : `\x1b[${numbers.join(";")}m${text}\x1b[0m`;
}
