// The text version of an HTML mail that is being composed. Called by compose.ts, which loads it for
// the first draft with html and no text.

import { convert } from "html-to-text";

/** What is read of the html: twice and more of what mail programs show. */
const MAX_CHARS = 256 * 1024;
/** The converter goes down into elements by recursion, and its parser looks at all open ones for
 *  each new one: 100,000 open elements take it 6 seconds. */
const MAX_DEPTH = 400;
const MAX_OPEN = 2_000;

/** A text version of html, or null where it holds no text. Never fails, and takes time in
 *  proportion to the length, whatever the html. */
export function textOfHtml(html: string): string | null {
  const read = html.slice(0, MAX_CHARS);
  const text = openElements(read) > MAX_OPEN ? withoutTags(read) : converted(read);
  return text.trim() === "" ? null : `${text.trimEnd()}\n`;
}

function converted(html: string): string {
  try {
    return convert(html, {
      wordwrap: 76,
      limits: { maxDepth: MAX_DEPTH },
      selectors: [
        { selector: "img", format: "skip" },
        { selector: "table", format: "dataTable", options: { uppercaseHeaderCells: false } },
        { selector: "a", options: { hideLinkHrefIfSameAsText: true, linkBrackets: ["<", ">"] } },
      ],
    });
  } catch (error) {
    if (error instanceof RangeError) return withoutTags(html); // The stack is at its end.
    throw error;
  }
}

/** How many elements are opened more often than closed. */
function openElements(html: string): number {
  let open = 0;
  for (let at = html.indexOf("<"); at >= 0; at = html.indexOf("<", at + 1)) {
    if (html.charAt(at + 1) === "/") open--;
    else if (/[a-z]/i.test(html.charAt(at + 1))) open++;
  }
  return open;
}

/** What stands between the tags. */
function withoutTags(html: string): string {
  return html.replace(/<[^<>]*(?:>|$)/g, " ").replace(/\s+/g, " ").trim();
}
