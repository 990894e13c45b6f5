// The text a person would read of an HTML mail. Called by parse.ts, which loads it for the first
// mail with HTML; the package that does the work is only imported here.

import { convert } from "html-to-text";

/** The package has no types of its own. */
const toText: (html: string, options: Readonly<Record<string, unknown>>) => string = convert;

/** Elements within elements; what lies deeper is left out. html-to-text walks them by recursion. */
const MAX_DEPTH = 100;
/** Children of one element; further ones are left out. */
const MAX_CHILDREN = 10_000;

/** What a person would read of an HTML mail. Where a link shows another text than its address, the
 *  address stands behind it: that is what phishing hides. */
export function textOfHtml(html: string): string {
  try {
    return toText(html, {
      wordwrap: false,
      limits: { maxDepth: MAX_DEPTH, maxChildNodes: MAX_CHILDREN, ellipsis: "…" },
      selectors: [
        { selector: "img", format: "skip" },
        { selector: "a", options: { hideLinkHrefIfSameAsText: true, ignoreHref: false } },
        ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({
          selector,
          options: { uppercase: false },
        })),
      ],
    }).trim();
  } catch {
    // Nested so deeply that the stack did not do.
    return html.replace(/<[^>]*>/g, " ").replace(/[ \t]+/g, " ").trim();
  }
}
