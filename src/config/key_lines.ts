// Finds on which line of a settings file each key stands, for complaints that name the line.
// Called by settings_file.ts. It reads no values: that is the TOML parser's work.

const PART = String.raw`(?:[\w-]+|"[^"\n]*"|'[^'\n]*')`;
const PARTS = new RegExp(PART, "g");
const PATH = String.raw`\s*(${PART}(?:\s*\.\s*${PART})*)\s*`;
const SHAPES = [
  ["array", new RegExp(String.raw`^\s*\[\[${PATH}\]\]`)],
  ["table", new RegExp(String.raw`^\s*\[${PATH}\]`)],
  ["key", new RegExp(`^${PATH}=`)],
] as const;

/** Finds the line of every key in a settings file's text, by dotted name: `retry.max` → 12;
 *  tables are names too, and those of an array are numbered (`route.0`). A parser tells lines of
 *  syntax errors only, so this is a scan of its own; it knows no more of TOML than the shape of
 *  its lines, and works on broken files. */
export function findKeyLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const counts = new Map<string, number>();
  const noteLine = (name: string, line: number) => {
    if (!lines.has(name)) lines.set(name, line);
  };
  // Notes what a line names, and returns the table it opens.
  const note = (text: string, line: number, table: string): string | null => {
    const named = nameOf(text);
    if (named === null) return null;
    noteLine(named.kind === "key" && table !== "" ? `${table}.${named.path}` : named.path, line);
    if (named.kind !== "array") return named.kind === "table" ? named.path : null;
    const count = counts.get(named.path) ?? 0;
    counts.set(named.path, count + 1);
    noteLine(`${named.path}.${count}`, line);
    return `${named.path}.${count}`;
  };
  let table = "";
  let closing: string | null = null;
  for (const [index, line] of text.split("\n").entries()) {
    let rest = line;
    if (closing !== null) {
      const end = line.indexOf(closing);
      if (end < 0) continue;
      rest = line.slice(end + 3);
      closing = null;
    } else {
      table = note(line, index + 1, table) ?? table;
    }
    closing = openString(rest);
  }
  return lines;
}

function nameOf(line: string): { path: string; kind: "array" | "table" | "key" } | null {
  for (const [kind, pattern] of SHAPES) {
    const path = pattern.exec(line)?.[1];
    if (path === undefined) continue;
    const parts = path.match(PARTS) ?? [];
    return { kind, path: parts.map((part) => part.replace(/^["']|["']$/g, "")).join(".") };
  }
  return null;
}

/** The quotes that end the string left open at the end of `line`, or null. */
function openString(line: string): string | null {
  let closing: string | null = null;
  for (const [token] of line.matchAll(/"""|'''|#|"(?:[^"\\]|\\.)*"|'[^']*'/g)) {
    if (closing === null && token === "#") return null;
    if (token !== '"""' && token !== "'''") continue;
    if (closing === null) closing = token;
    else if (closing === token) closing = null;
  }
  return closing;
}
