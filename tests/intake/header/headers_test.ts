import assert from "node:assert/strict";
import fc from "fast-check";
import { fieldText, hasBlankLine, scanHeader } from "../../../src/intake/header/headers.ts";
import { bytesOf, textOf } from "../intake_options.ts";
import { splitSlowly } from "../reference_intake.ts";

const CASES: readonly [string, string, string[], string][] = [
  [
    "fields end at the blank line",
    "A: 1\r\nB: 2\r\n\r\nC: 3\r\n",
    ["A: 1\r\n", "B: 2\r\n"],
    "\r\n",
  ],
  [
    "bare LF, bare CR and CR CR LF end lines",
    "A: 1\nB: 2\rC: 3\r\r\nD: 4\r\r\n\r\r\nx",
    ["A: 1\n", "B: 2\r", "C: 3\r\r\n", "D: 4\r\r\n"],
    "\r\r\nx",
  ],
  [
    "continuations belong to their field",
    "A: 1\n 2\n\t3\nB: 4\n",
    ["A: 1\n 2\n\t3\n", "B: 4\n"],
    "",
  ],
  ["a line of blanks is a continuation", "A: 1\n \nB: 2\n\n", ["A: 1\n \n", "B: 2\n"], "\n"],
  ["the first line that is no field ends it", "A: 1\nhello there\nB: 2\n", ["A: 1\n"], "hello"],
  ["a name with 8-bit bytes is no field", "A: 1\n\xdcber: 2\n", ["A: 1\n"], "\xdcber"],
  ["a name with NUL is no field", "A\0: 1\n", [], "A\0"],
  ["a colon alone is no field", ": 1\n", [], ": 1"],
  ["blanks before the colon are read", "Bcc \t: x\n\n", ["Bcc \t: x\n"], "\n"],
  ["an empty value and no last line end", "A:", ["A:"], ""],
  ["no header at all", "hello\n", [], "hello"],
  ["nothing", "", [], ""],
  ["a first line with a blank is no field", " A: 1\n", [], " A"],
  ["a leading From line is skipped", "From a@b Mon Jan  1\nA: 1\n\n", ["A: 1\n"], "\n"],
  ["a leading >From line is skipped", ">From a@b\r\nA: 1\r\n", ["A: 1\r\n"], ""],
  [">From lines of further hops, too", "From a\n>From b\n>From c\nA: 1\n", ["A: 1\n"], ""],
  [
    "a second From line is none of ours",
    "From a Sun Nov 22 18:00:00 2026\nFrom b\nA: 1\n",
    [],
    "From b",
  ],
  ["a first line that begins with From is text", "From here on\nall is well\n", [], "From here"],
  ["so it is above a blank line, and two of them", "From me\n>From you\n\nA: 1\n", [], "From me"],
  ["with a date it is none", "From a Sun Nov 22 18:00:00 2026\n\ntext", [], "\n"],
  ["the From field in its obsolete spelling stays", "From : a@b\nA: 1\n", [
    "From : a@b\n",
    "A: 1\n",
  ], ""],
  ["a From line further down ends the header", "A: 1\nFrom b\nB: 2\n", ["A: 1\n"], "From b"],
];

for (const [name, text, fields, rest] of CASES) {
  Deno.test(`scanHeader: ${name}`, () => {
    const bytes = bytesOf(text);
    const header = scanHeader(bytes);
    assert.deepEqual(header.fields.map((f) => textOf(bytes.subarray(f.start, f.end))), fields);
    assert.ok(textOf(bytes.subarray(header.end)).startsWith(rest));
  });
}

Deno.test("scanHeader: finds the same fields as reading line by line", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PARTS), { maxLength: 25 }), (parts) => {
      const text = parts.join("");
      const bytes = bytesOf(text);
      const header = scanHeader(bytes);
      const expected = splitSlowly(text);
      assert.equal(header.fields.length, expected.fields.length);
      header.fields.forEach((field, i) => {
        const whole = expected.fields[i] ?? "";
        assert.ok(whole.startsWith(textOf(bytes.subarray(field.start, field.nameEnd))));
        const value = textOf(bytes.subarray(field.valueStart, field.valueEnd));
        assert.equal(
          whole.slice(whole.indexOf(":") + 1),
          value.replace(/\r\r\n|\r\n|\r|\n/g, "\r\n") + "\r\n",
        );
      });
    }),
    { numRuns: 4000 },
  );
});

const PARTS = [
  "From ",
  ">",
  "A",
  "bcc",
  ":",
  " ",
  "\t",
  "\r",
  "\n",
  "\r\n",
  "\0",
  "\xe9",
  "x y",
  "-",
];

Deno.test("scanHeader: says whether the header's end was seen", () => {
  const cases: [string, boolean][] = [
    ["A: 1\n\n", true],
    ["A: 1\nhello world", true],
    ["A: 1\n\r", true],
    ["A: 1\n", false],
    ["A: 1\r", false],
    ["A: 1\nSubj", false],
    ["A: 1\nSubject  ", false],
    ["Fro", false],
    ["From a@b", false],
    ["", false],
    ["x".repeat(2000), true],
  ];
  for (const [text, isClosed] of cases) {
    assert.equal(scanHeader(bytesOf(text)).isClosed, isClosed, JSON.stringify(text));
  }
});

Deno.test("scanHeader: a closed header is the same however much follows", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PARTS), { maxLength: 25 }), fc.nat(), (parts, cut) => {
      const bytes = bytesOf(parts.join(""));
      const part = scanHeader(bytes.subarray(0, cut % (bytes.length + 1)));
      if (part.isClosed) assert.deepEqual(part, scanHeader(bytes));
    }),
    { numRuns: 4000 },
  );
});

Deno.test("scanHeader: knows the fields intake reads, in any case", () => {
  const names = ["TO", "cC", "Bcc", "From", "dATE", "Sender", "Subject", "MESSAGE-ID"];
  names.push("DKIM-Signature", "Resent-To", "resent-CC", "Resent-Bcc");
  const bytes = bytesOf(names.map((name) => `${name}: x\n`).join(""));
  const kinds = scanHeader(bytes).fields.map((field) => field.kind);
  assert.deepEqual(kinds, names.map((name) => name.toLowerCase()));
  const control = bytesOf("X-MAIL-queue-Tag: x\nX-Mail-Queue-: x\nX-Mail-Queuer: x\nToo: x\n");
  const others = scanHeader(control).fields.map((field) => field.kind);
  assert.deepEqual(others, ["control", "control", "other", "other"]);
});

Deno.test("scanHeader: reads lines of 100 KB and a header of 100,000 fields in a moment", () => {
  const long = "v".repeat(100_000);
  const header = scanHeader(bytesOf(`A: ${long}\n ${long}\n\nbody`));
  assert.equal(header.fields.length, 1);
  assert.equal(scanHeader(bytesOf("a:\n".repeat(100_000))).fields.length, 100_000);
});

Deno.test("hasBlankLine: tells a blank line from text", () => {
  for (
    const [text, expected] of [["A: 1\r\n\r\n", true], ["A: 1\n\nx", true], ["A: 1\nx y", false]]
  ) {
    const bytes = bytesOf(String(text));
    assert.equal(hasBlankLine(bytes, scanHeader(bytes)), expected);
  }
});

Deno.test("fieldText: unfolds, trims and replaces bytes that are no UTF-8", () => {
  const cases: [string, string][] = [
    ["A: \t one\r\n two\r\n\tthree \r\n", "one two\tthree"],
    ["A:\n x\n", "x"],
    ["A:\n", ""],
    ["A: \xc3\xa9 \xff\n", "é \ufffd"],
    ["A: \xef\xbb\xbfx\n", "\ufeffx"],
    ["A: x\0y\n", "x\0y"],
  ];
  for (const [text, expected] of cases) {
    const bytes = bytesOf(text);
    const [field] = scanHeader(bytes).fields;
    assert.ok(field);
    assert.equal(fieldText(bytes, field), expected);
  }
});
