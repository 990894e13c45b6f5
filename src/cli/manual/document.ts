// What a page of the manual is made of, and how it is read from Markdown. pages.ts puts pages together;
// roff.ts and plain.ts write them for man(1) and for a terminal.

/** A part of a page. Texts have `code` and _words_ marked as Markdown has it. */
export type Block =
  | { readonly kind: "heading"; readonly level: 2 | 3; readonly text: string }
  | { readonly kind: "paragraph"; readonly text: string }
  /** Lines as they are. */
  | { readonly kind: "code"; readonly lines: readonly string[] }
  | { readonly kind: "bullets"; readonly items: readonly string[] }
  /** What each term means. */
  | { readonly kind: "terms"; readonly rows: readonly Term[] };

export interface Term {
  readonly term: string;
  readonly meaning: string;
}

/** Parts that are made by the program, by the name in braces that stands for them on a line. */
type Made = Readonly<Record<string, readonly Block[]>>;

/** Reads the Markdown that our pages are written in: headings of two kinds, paragraphs, lists with `-`,
 *  code between fences, and tables, whose first column is the term. A title (`#`) is for readers of the
 *  file alone. Throws for a part that is not made. */
export function readMarkdown(text: string, made: Made = {}): Block[] {
  const blocks: Block[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? "";
    if (line.trim() === "" || /^# /.test(line)) at++;
    else if (line.startsWith("```")) at = readCode(lines, at, blocks);
    else if (line.startsWith("|")) at = readTable(lines, at, blocks);
    else if (line.startsWith("- ")) at = readBullets(lines, at, blocks);
    else if (line.startsWith("#")) at = readHeading(line, at, blocks);
    else if (/^\{\w+\}$/.test(line)) {
      blocks.push(...madePart(line.slice(1, -1), made));
      at++;
    } else at = readParagraph(lines, at, blocks);
  }
  return blocks;
}

function madePart(name: string, made: Made): readonly Block[] {
  const part = made[name];
  if (part === undefined) throw new Error(`no part of the manual is called {${name}}`);
  return part;
}

function readCode(lines: readonly string[], at: number, blocks: Block[]): number {
  const end = lines.indexOf("```", at + 1);
  blocks.push({ kind: "code", lines: lines.slice(at + 1, end) });
  return end + 1;
}

function readHeading(line: string, at: number, blocks: Block[]): number {
  const [, marks = "", text = ""] = /^(#+) (.*)$/.exec(line) ?? [];
  blocks.push({ kind: "heading", level: marks.length === 2 ? 2 : 3, text });
  return at + 1;
}

/** A table's head and the line below it say nothing that the rows do not. */
function readTable(lines: readonly string[], at: number, blocks: Block[]): number {
  const rows: Term[] = [];
  const [head = []] = [cells(lines[at] ?? "")];
  let end = at + 2;
  for (; lines[end]?.startsWith("|"); end++) {
    const [term = "", ...rest] = cells(lines[end] ?? "");
    const named = rest.map((cell, n) => rest.length > 1 ? `${head[n + 1]}: ${cell}` : cell);
    rows.push({ term, meaning: named.join("; ") });
  }
  blocks.push({ kind: "terms", rows });
  return end;
}

function cells(line: string): string[] {
  return line.replace(/^\||\|$/g, "").split(/(?<!\\)\|/)
    .map((cell) => plainMarks(cell.trim()));
}

function readBullets(lines: readonly string[], at: number, blocks: Block[]): number {
  const items: string[] = [];
  let end = at;
  for (; /^(- | {2}\S)/.test(lines[end] ?? ""); end++) {
    const line = lines[end] ?? "";
    if (line.startsWith("- ")) items.push(line.slice(2));
    else items.push(`${items.pop()} ${line.trim()}`);
  }
  blocks.push({ kind: "bullets", items: items.map(plainMarks) });
  return end;
}

function readParagraph(lines: readonly string[], at: number, blocks: Block[]): number {
  let end = at;
  while (end < lines.length && !/^(\s*$|```|\||- |#|\{\w+\}$)/.test(lines[end] ?? "")) end++;
  // A line that begins like something else and is none.
  end = Math.max(end, at + 1);
  const text = lines.slice(at, end).map((line) => line.trim()).join(" ");
  blocks.push({ kind: "paragraph", text: plainMarks(text) });
  return end;
}

/** Without links, and without the signs that keep Markdown from reading another one. */
function plainMarks(text: string): string {
  return text.replace(/\[([^\]]+)\]\([^)]+\)/g, "$1").replace(/\\([*_|])/g, "$1");
}

/** Reads what a command's help says of it: paragraphs, and indented examples. */
export function readAbout(about: string): Block[] {
  return about.split(/\n\s*\n/).map((part): Block => {
    const lines = part.split("\n");
    // A table of a help text stays as its lines are, too.
    const isAsItIs = lines.every((line) => /^( {2}|-\S+.* {2})/.test(line));
    return isAsItIs
      ? { kind: "code", lines: lines.map((line) => line.replace(/^ {2}/, "")) }
      : { kind: "paragraph", text: lines.join(" ") };
  });
}
