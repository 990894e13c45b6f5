// The text a person would read of an HTML mail: tables in columns, links with where they lead. Called by
// parse.ts, which loads it for the first mail with HTML; the package that does the work is only
// imported here.

import { convert } from "html-to-text";

/** What of the package is used; it has no types of its own. */
interface Builder {
  readonly options: { readonly formatters: Readonly<Record<string, Formatter>> };
  addInline(text: string, options?: { readonly noWordTransform: boolean }): void;
}

interface Element {
  readonly name?: string;
  readonly attribs?: Readonly<Record<string, string>>;
  readonly children?: readonly Element[];
}

type Walk = (elements: readonly Element[] | undefined, builder: Builder) => void;
type Formatter = (
  element: Element,
  walk: Walk,
  builder: Builder,
  options: Readonly<Record<string, unknown>>,
) => void;

const toText: (html: string, options: Readonly<Record<string, unknown>>) => string = convert;

/** Elements within elements; what lies deeper is left out. html-to-text walks them by recursion. */
const MAX_DEPTH = 100;
/** Children of one element; further ones are left out. */
const MAX_CHILDREN = 10_000;
/** A cell of a table is wrapped there. */
const CELL_COLUMNS = 40;

/** A larger table is told cell under cell. */
const MAX_CELLS = 5_000;
const MAX_SPAN = 100;

/** What a person would read of an HTML mail. Behind a link stands its number and the host that it leads
 *  to, which phishing hides; the whole addresses stand at the end, by number. */
export function textOfHtml(html: string): string {
  const links: string[] = [];
  try {
    const text = toText(html, {
      wordwrap: false,
      limits: { maxDepth: MAX_DEPTH, maxChildNodes: MAX_CHILDREN, ellipsis: "…" },
      formatters: { mailTable, mailLink: mailLink(links) },
      selectors: [
        { selector: "img", format: "skip" },
        { selector: "a", format: "mailLink" },
        {
          selector: "table",
          format: "mailTable",
          options: { uppercaseHeaderCells: false, maxColumnWidth: CELL_COLUMNS },
        },
        ...["td", "th"].map((selector) => ({
          selector,
          format: "block",
          options: { leadingLineBreaks: 1, trailingLineBreaks: 1 },
        })),
        ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({
          selector,
          options: { uppercase: false },
        })),
      ],
    }).trim();
    const list = links.map((href, i) => `[${i + 1}] ${href}`).join("\n");
    return list === "" ? text : `${text}\n\n${list}`;
  } catch {
    // Nested so deeply that the stack did not do.
    return html.replace(/<[^>]*>/g, " ").replace(/[ \t]+/g, " ").trim();
  }
}

/** A table of data is told in columns; one that is there for the layout, cell under cell. */
const mailTable: Formatter = (element, walk, builder, options) => {
  const { dataTable, table } = builder.options.formatters;
  (isOfData(element) ? dataTable : table)?.(element, walk, builder, options);
};

/** Rows with several cells, none of them with a table of its own; and of a size that a person reads. */
function isOfData(table: Element): boolean {
  let mostCells = 0;
  let cells = 0;
  const open: Element[] = [...table.children ?? []];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one.name === "table") return false;
    if (one.name === "tr") {
      const inRow = one.children?.filter(isCell) ?? [];
      mostCells = Math.max(mostCells, inRow.length);
      cells += inRow.length;
      if (cells > MAX_CELLS || inRow.some(isHuge)) return false;
    }
    for (const child of one.children ?? []) open.push(child);
  }
  return mostCells > 1;
}

function isCell({ name }: Element): boolean {
  return name === "td" || name === "th";
}

/** Room is made for all that a cell spans. */
function isHuge({ attribs }: Element): boolean {
  return [attribs?.colspan, attribs?.rowspan].some((span) => Number(span ?? 1) > MAX_SPAN);
}

function mailLink(links: string[]): Formatter {
  return ({ attribs, children }, walk, builder) => {
    const href = attribs?.href?.trim() ?? "";
    const isShown = (text: string) => text === href || `mailto:${text}` === href;
    walk(children, builder);
    if (href === "" || href.startsWith("#") || isShown(textIn(children))) return;
    const known = links.indexOf(href);
    const number = known >= 0 ? known + 1 : links.push(href);
    builder.addInline(` [${number} ${hostOf(href)}]`, { noWordTransform: true });
  };
}

/** The text of a link that is no more than text. */
function textIn(elements: readonly Element[] | undefined): string {
  const [first, ...rest] = elements ?? [];
  const text = rest.length === 0 && first !== undefined && "data" in first ? first.data : "";
  return typeof text === "string" ? text.trim() : "";
}

/** Where an address leads, in short. */
function hostOf(href: string): string {
  try {
    const { protocol, host, pathname } = new URL(href);
    return host === "" ? `${protocol}${pathname}`.slice(0, CELL_COLUMNS) : host;
  } catch {
    return href.slice(0, CELL_COLUMNS);
  }
}
