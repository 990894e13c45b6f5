// What Intake does to a message's bytes, written once more: slowly, line by line, on text with a
// character a byte, and sharing nothing with the program.

/** CRLF for every line end, and one at the end. */
export function normaliseSlowly(text: string): string {
  const lines = text.split(/\r\r\n|\r\n|\r|\n/);
  if (lines[lines.length - 1] === "") lines.pop();
  return lines.map((line) => line + "\r\n").join("");
}

const FIELD = /^[!-9;-~]{1,998}[ \t]*:/;

/** Whole fields of the header (mbox lines taken off before), and what follows it. */
export function splitSlowly(text: string): { fields: string[]; rest: string } {
  const lines = normaliseSlowly(text).split("\r\n").slice(0, -1);
  const isMbox = (line: string, pattern: RegExp) =>
    pattern.test(line) && !/^>?From[ \t]+:/.test(line);
  if (lines[0] !== undefined && isMbox(lines[0], /^>?From /)) {
    const below = lines.findIndex((line, i) => i > 0 && !isMbox(line, /^>From /));
    const next = below < 0 ? "" : lines[below] ?? "";
    const isDated = /(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) .*:\d\d \d{4}\s*$/.test(lines[0]);
    if (isDated || FIELD.test(next)) lines.splice(0, below < 0 ? lines.length : below);
  }
  const fields: string[] = [];
  while (lines[0] !== undefined) {
    const line = lines[0];
    if (/^[ \t]/.test(line) && fields.length > 0) fields[fields.length - 1] += line + "\r\n";
    else if (FIELD.test(line)) fields.push(line + "\r\n");
    else break;
    lines.shift();
  }
  return { fields, rest: lines.map((line) => line + "\r\n").join("") };
}

/** The whole of it; `added` stands at the top where a field of that name is missing. */
export function prepareSlowly(text: string, added: Record<string, string>): string {
  const { fields, rest } = splitSlowly(text);
  const nameOf = (field: string) => field.slice(0, field.indexOf(":")).trim().toLowerCase();
  const signed = fields.filter((field) => nameOf(field) === "dkim-signature")
    .flatMap((field) => field.slice(field.indexOf(":") + 1).replace(/\s/g, "").split(";"))
    .filter((tag) => tag.startsWith("h="))
    .flatMap((tag) => tag.slice(2).toLowerCase().split(":"));
  let top = "";
  for (const [name, value] of Object.entries(added)) {
    const lower = name.toLowerCase();
    const isThere = fields.some((field) => nameOf(field) === lower);
    if (!isThere && !signed.includes(lower)) top += `${name}: ${value}\r\n`;
  }
  const kept = fields.filter((field) => {
    const name = nameOf(field);
    return name !== "bcc" && name !== "resent-bcc" && !/^x-mail-queue-/.test(name);
  });
  return top + kept.join("") + (rest.startsWith("\r\n") ? "" : "\r\n") + rest;
}
