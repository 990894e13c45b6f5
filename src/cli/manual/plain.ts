// A page of the manual as text for a terminal, for those who have no man(1), such as in a container.
// What a page is made of is in document.ts.

import type { Block } from "./document.ts";

/** How a page is shown. */
export interface PlainOptions {
  /** Columns of a line, at most. */
  readonly width: number;
  /** Marks headings and code as terminals can. */
  readonly hasStyles: boolean;
}

const BOLD = "\x1b[1m";
const NORMAL = "\x1b[0m";
const INDENT = "  ";

/** The page's text, with a line end. */
export function toPlain(
  title: string,
  blocks: readonly Block[],
  { width, hasStyles }: PlainOptions,
): string {
  const bold = (text: string) => hasStyles ? `${BOLD}${text}${NORMAL}` : text;
  const styled = (text: string) => {
    const said = text.replace(/(?<![\w`])_([^_`]+)_(?![\w`])/g, "$1");
    return hasStyles ? said.replace(/`([^`]*)`/g, `${BOLD}$1${NORMAL}`) : said;
  };
  const filled = (text: string, indent: string) =>
    fill(text, width - indent.length).map((line) => indent + styled(line));
  const lines = [bold(title)];
  for (const block of blocks) {
    lines.push("");
    if (block.kind === "heading") {
      lines.push(bold(block.level === 2 ? block.text.toUpperCase() : `${INDENT}${block.text}`));
    } else if (block.kind === "paragraph") lines.push(...filled(block.text, INDENT));
    else if (block.kind === "code") {
      lines.push(...block.lines.map((line) => `${INDENT}${INDENT}${line}`));
    } else if (block.kind === "bullets") {
      for (const item of block.items) {
        const [first = "", ...rest] = filled(item, `${INDENT}${INDENT}`);
        lines.push(`${INDENT}- ${first.trimStart()}`, ...rest);
      }
    } else {
      for (const { term, meaning } of block.rows) {
        lines.push(`${INDENT}${bold(term.replaceAll("`", ""))}`);
        if (meaning !== "") lines.push(...filled(meaning, INDENT.repeat(4)));
      }
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Breaks between words, but not within `code`. */
function fill(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/(?:`[^`]*`|[^\s`])+/g) ?? []) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
