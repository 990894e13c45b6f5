import assert from "node:assert/strict";
import { readAbout, readMarkdown } from "../../../src/cli/manual/document.ts";
import { toPlain } from "../../../src/cli/manual/plain.ts";
import { toRoff } from "../../../src/cli/manual/roff.ts";

const HEAD = { name: "x", section: 1, brief: "a test", date: "2026-11-30", source: "mailq 0" };

/** The page without its head. */
function roff(text: string): string {
  return toRoff(HEAD, readMarkdown(text)).split("\n").slice(3).join("\n");
}

Deno.test("readMarkdown: knows what our pages are made of", () => {
  const text = `# title

## Head

A [link](README.md) and \`code
across\` lines.

- one
  of two lines
- two

\`\`\`sh
a | b
\`\`\`

| term      | says  | more |
| --------- | ----- | ---- |
| \`a\\|b\` | a \\* | m    |

{made}
`;
  const made = { made: [{ kind: "paragraph", text: "M" } as const] };
  assert.deepEqual(readMarkdown(text, made), [
    { kind: "heading", level: 2, text: "Head" },
    { kind: "paragraph", text: "A link and `code across` lines." },
    { kind: "bullets", items: ["one of two lines", "two"] },
    { kind: "code", lines: ["a | b"] },
    { kind: "terms", rows: [{ term: "`a|b`", meaning: "says: a *; more: m" }] },
    { kind: "paragraph", text: "M" },
  ]);
});

Deno.test("readMarkdown: a part that nobody makes is an error", () => {
  assert.throws(() => readMarkdown("{gone}\n"), /\{gone\}/);
});

Deno.test("readAbout: examples of a help text stay as they are", () => {
  assert.deepEqual(
    readAbout("One\ntwo.\n\n  mailq x\n  mailq y\n\n-i    stays\n-N -R more  stays"),
    [
      { kind: "paragraph", text: "One two." },
      { kind: "code", lines: ["mailq x", "mailq y"] },
      { kind: "code", lines: ["-i    stays", "-N -R more  stays"] },
    ],
  );
});

Deno.test("toRoff: nothing in a text becomes a macro or an escape", () => {
  assert.equal(
    roff(".dot and `.code -x 'q' \\n` and ä _word_ not_this_one\n"),
    ".PP\n\\&.dot and \\fB.code \\-x \\(aqq\\(aq \\en\\fR and \\[u00E4] \\fIword\\fR not_this_one\n",
  );
  assert.equal(roff("```\n.TH x\n'q\n```\n"), ".PP\n.RS 4\n.EX\n\\&.TH x\n\\(aqq\n.EE\n.RE\n");
});

Deno.test("toPlain: breaks lines between words, and none within code", () => {
  const blocks = readMarkdown(
    "Some words and `mailq list --to` end.\n\n| `-i` | dots |\n| - | - |\n",
  );
  const table = readMarkdown("| a | b |\n| - | - |\n| `-i` | a lone dot |\n");
  assert.equal(
    toPlain("T", [...blocks.slice(0, 1), ...table], { width: 24, hasStyles: false }),
    "T\n\n  Some words and\n  `mailq list --to` end.\n\n  -i\n        a lone dot\n",
  );
  assert.ok(toPlain("T", blocks, { width: 60, hasStyles: true }).includes("and \x1b[1mmailq list"));
});
