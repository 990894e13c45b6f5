// How many columns of a terminal a text takes, and cutting and filling text by columns. Called by
// table.ts and the screen, for text that sanitise.ts has made safe. The package for other scripts
// is loaded for the first text that needs it.

/** Counts the terminal columns of a text without controls. */
export type Measure = (text: string) => number;

// One column each: Latin, punctuation, control pictures, arrows, lines and the few signs mailq
// draws itself. The test holds it against string-width, code point by code point.
const SIMPLE =
  /^[\x20-\x7e\u00a1-\u00a8\u00aa-\u00ac\u00af-\u024f\u2010-\u2016\u2018-\u2027\u2190\u2192\u2400-\u2426\u2500-\u257f\u25cb\u25d0\u2713\u2717\ufffd]*$/;

let unicodeWidth: Measure | null = null;

/** A measure fit for all of `texts`. Plain text needs no package; string-width costs 20 ms to
 *  load, and is loaded for the first text that needs it. */
export async function loadMeasure(texts: Iterable<string>): Promise<Measure> {
  if (unicodeWidth === null) {
    let isSimple = true;
    for (const text of texts) isSimple &&= SIMPLE.test(text);
    if (isSimple) return (text) => text.length;
    const { default: stringWidth } = await import("string-width");
    unicodeWidth = (text) => stringWidth(text, { countAnsiEscapeCodes: true });
  }
  const measure = unicodeWidth;
  return (text) => SIMPLE.test(text) ? text.length : measure(text);
}

const ELLIPSIS = "…";
let segmenter: Intl.Segmenter | null = null;

/** Cuts `text` to at most `columns`, whole characters only, the last one an ellipsis. */
export function cutText(text: string, columns: number, measure: Measure): string {
  if (columns <= 0) return "";
  if (measure(text) <= columns) return text;
  if (SIMPLE.test(text)) return text.slice(0, columns - 1) + ELLIPSIS;
  let kept = "";
  let left = columns - 1;
  for (const { segment } of graphemes(text)) {
    left -= measure(segment);
    if (left < 0) break;
    kept += segment;
  }
  return kept + ELLIPSIS;
}

/** Fills `text` up with blanks to `columns`; longer text stays as it is. */
export function padText(
  text: string,
  columns: number,
  measure: Measure,
  align: "left" | "right" = "left",
): string {
  const blanks = " ".repeat(Math.max(0, columns - measure(text)));
  return align === "left" ? text + blanks : blanks + text;
}

/** The characters of a text as people count them. What takes texts apart is made for the first that
 *  needs it: that takes 10 ms. */
export function graphemes(text: string): Iterable<Intl.SegmentData> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter.segment(text);
}
