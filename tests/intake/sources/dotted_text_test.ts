import assert from "node:assert/strict";
import fc from "fast-check";
import type { DotRules } from "../../../src/intake/sources/dot_decoder.ts";
import { DottedText } from "../../../src/intake/sources/dotted_text.ts";
import { ReadAhead } from "../../../src/intake/sources/read_ahead.ts";
import { textOf } from "../intake_options.ts";
import { cut, piecesSource } from "../pieces_source.ts";

const SENDMAIL = { takesBareLf: true, dropsDots: false };
const SMTP = { takesBareLf: false, dropsDots: true };
const TERMINAL = { takesBareLf: true, dropsDots: true };

interface Read {
  readonly text: string;
  readonly hasEnd: boolean;
  readonly after: string;
}

function read(text: string, options: DotRules, pieceSize: number, room: number): Read {
  const input = new ReadAhead(piecesSource(cut(text, pieceSize)));
  const dotted = new DottedText(input, options);
  const into = new Uint8Array(room);
  let got = "";
  for (;;) {
    const count = dotted.readSync(into);
    if (count === null) break;
    assert.ok(count > 0);
    got += textOf(into.subarray(0, count));
  }
  let after = "";
  for (;;) {
    after += textOf(input.bytes);
    input.take(input.bytes.length);
    if (!input.more()) break;
  }
  return { text: got, hasEnd: dotted.hasEnd, after };
}

/** The same by a regular expression. */
function expected(text: string, { takesBareLf, dropsDots }: DotRules): Read {
  const end = takesBareLf ? /(^|\n)\.\r{0,2}\n/ : /(^|\r\n)\.\r\n/;
  const match = end.exec(text);
  const at = match === null ? text.length : match.index + (match[1]?.length ?? 0);
  const body = text.slice(0, at);
  return {
    text: !dropsDots
      ? body
      : takesBareLf
      ? body.replace(/(^|\n)\./g, "$1")
      : body.replace(/(^|\r\n|(?<!\r)\n(?=\.\.))\./g, "$1"),
    hasEnd: match !== null,
    after: match === null ? "" : text.slice(match.index + match[0].length),
  };
}

const CASES: readonly (readonly [string, string, DotRules, Read])[] = [
  ["a lone dot ends it", "a\n.\nb", SENDMAIL, { text: "a\n", hasEnd: true, after: "b" }],
  ["so it does in the first line", ".\r\nb", SENDMAIL, { text: "", hasEnd: true, after: "b" }],
  ["dots stay without SMTP", "..a\n.b\n", SENDMAIL, {
    text: "..a\n.b\n",
    hasEnd: false,
    after: "",
  }],
  ["a dot without a line end is text", "a\n.", SENDMAIL, {
    text: "a\n.",
    hasEnd: false,
    after: "",
  }],
  ["SMTP drops dots", "..a\r\n...\r\n.\r\nQUIT", SMTP, {
    text: ".a\r\n..\r\n",
    hasEnd: true,
    after: "QUIT",
  }],
  ["no bare LF ends SMTP's text", "a\n.\nb\r\n.\nc\n.\r\n\r.\r\r\n.\r\n", SMTP, {
    text: "a\n.\nb\r\n\nc\n.\r\n\r.\r\r\n",
    hasEnd: true,
    after: "",
  }],
  ["of dots doubled behind a bare LF one is dropped", "a\n..b\n.c\n...\n..\r\n.\r\n", SMTP, {
    text: "a\n.b\n.c\n..\n.\r\n",
    hasEnd: true,
    after: "",
  }],
  ["a bare CR neither", "a\r.\r\r\n.\rb\r\n.\r\n", SMTP, {
    text: "a\r.\r\r\n\rb\r\n",
    hasEnd: true,
    after: "",
  }],
  ["at a terminal a bare LF does", "..a\n.\nQUIT", TERMINAL, {
    text: ".a\n",
    hasEnd: true,
    after: "QUIT",
  }],
];

for (const [what, text, options, result] of CASES) {
  Deno.test(`DottedText: ${what}`, () => {
    assert.deepEqual(read(text, options, 1_000, 1_000), result);
    assert.deepEqual(read(text, options, 1, 1), result, "byte by byte");
  });
}

Deno.test("DottedText: is the same however it is cut, and as a regular expression has it", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(".", "\r", "\n", "a", ".\r\n", "\r\n"), maxLength: 40 }),
      fc.constantFrom(SENDMAIL, SMTP, TERMINAL),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 7 }),
      (text, options, pieceSize, room) => {
        const got = read(text, options, pieceSize, room);
        const want = expected(text, options);
        // Where the end is missing SMTP takes no message; what was held back may be lost.
        if (options.dropsDots && !want.hasEnd) assert.equal(got.hasEnd, false);
        else assert.deepEqual(got, want);
      },
    ),
    { numRuns: 5_000 },
  );
});
