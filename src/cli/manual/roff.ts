// A page of the manual in the language of man(1): the macros of man(7), which mandoc and groff both
// know. What a page is made of is in document.ts.

import type { Block } from "./document.ts";

/** What stands at the head of a page. */
interface PageHead {
  readonly name: string;
  readonly section: number;
  readonly brief: string;
  /** Such as 2026-11-30. */
  readonly date: string;
  /** What it belongs to, such as `mailq 0.1.0`. */
  readonly source: string;
}

/** The page's text. */
export function toRoff(head: PageHead, blocks: readonly Block[]): string {
  const { name, section, brief, date, source } = head;
  const lines = [
    `.TH ${name.toUpperCase()} ${section} ${date} "${source}" "mailq"`,
    ".SH NAME",
    `${escaped(name)} \\- ${inline(brief)}`,
  ];
  for (const [at, block] of blocks.entries()) {
    lines.push(...blockLines(block, blocks[at - 1]?.kind === "heading"));
  }
  return `${lines.join("\n")}\n`;
}

function blockLines(block: Block, isFirst: boolean): string[] {
  const space = isFirst ? [] : [".PP"];
  switch (block.kind) {
    case "heading":
      return block.level === 2
        ? [`.SH ${inline(block.text).toUpperCase()}`]
        : [`.SS ${inline(block.text)}`];
    case "paragraph":
      return [...space, ...wrapped(block.text)];
    case "code":
      return [...space, ".RS 4", ".EX", ...block.lines.map(codeLine), ".EE", ".RE"];
    case "bullets":
      return block.items.flatMap((item) => [".IP \\(bu 2", ...wrapped(item)]);
    case "terms":
      return block.rows.flatMap(({ term, meaning }) => [
        ".TP",
        inline(/`/.test(term) ? term : `\`${term}\``),
        ...wrapped(meaning),
      ]);
  }
}

/** Short lines, broken between words as they are written: letters may take more than one sign. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of marked(text).split(" ")) {
    if (line !== "" && line.length + 1 + word.length > 76) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map(guarded);
}

function inline(text: string): string {
  return guarded(marked(text));
}

/** `code` in bold and _words_ in italics. */
function marked(text: string): string {
  return text.split("`").map((part, n) => {
    if (part === "") return "";
    return n % 2 === 1 ? `\\fB${escaped(part, true)}\\fR` : emphasised(part);
  }).join("");
}

function emphasised(text: string): string {
  return text.split(/(\*\*[^*]+\*\*|(?<!\w)_[^_]+_(?!\w))/).map((part) => {
    if (part.startsWith("**") && part.length > 4) return `\\fB${escaped(part.slice(2, -2))}\\fR`;
    if (/^_[^_]+_$/.test(part)) return `\\fI${escaped(part.slice(1, -1))}\\fR`;
    return escaped(part);
  }).join("");
}

function codeLine(line: string): string {
  return guarded(escaped(line, true));
}

/** A dot or quote that begins a line would be a macro. */
function guarded(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

/** In code a - is the sign that one types. */
function escaped(text: string, isCode = false): string {
  const plain = text.replaceAll("\\", "\\e").replace(
    /[^\x20-\x7e]/gu,
    (character) => `\\[u${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}]`,
  );
  return isCode
    ? plain.replaceAll("-", "\\-").replaceAll("'", "\\(aq").replaceAll("^", "\\(ha")
      .replaceAll("~", "\\(ti")
    : plain;
}
