import assert from "node:assert/strict";
import fc from "fast-check";
import { LineEnds } from "../../../src/intake/header/line_ends.ts";
import { bytesOf, textOf } from "../intake_options.ts";
import { normaliseSlowly } from "../reference_intake.ts";

function normalise(pieces: readonly Uint8Array[]) {
  const lines = new LineEnds();
  let text = pieces.map((piece) => textOf(lines.push(piece))).join("");
  text += textOf(lines.push(new Uint8Array(0), true));
  return { text, facts: lines.facts() };
}

const CASES: readonly [string, string, string][] = [
  ["bare LF becomes CRLF", "a\nb\n", "a\r\nb\r\n"],
  ["bare CR becomes CRLF", "a\rb\r", "a\r\nb\r\n"],
  ["CR CR LF is one line end", "a\r\r\nb\r\r\n", "a\r\nb\r\n"],
  ["CR CR LF twice is a blank line", "a\r\r\n\r\r\nb", "a\r\n\r\nb\r\n"],
  ["a CR before CR CR LF is a line end of its own", "a\r\r\r\nb", "a\r\n\r\nb\r\n"],
  ["CR CR before text is two", "a\r\rb", "a\r\n\r\nb\r\n"],
  ["CR CR at the end is two", "a\r\r", "a\r\n\r\n"],
  ["LF CR is two lines", "a\n\rb\r\n", "a\r\n\r\nb\r\n"],
  ["a missing last line end is added", "a\r\nb", "a\r\nb\r\n"],
  ["a last CR gets its LF", "a\r", "a\r\n"],
  ["nothing stays nothing", "", ""],
  ["smuggled ends of data become plain lines", "a\n.\r\nb\r.\rc", "a\r\n.\r\nb\r\n.\r\nc\r\n"],
];

for (const [name, from, to] of CASES) {
  Deno.test(`LineEnds: ${name}`, () => {
    assert.equal(normalise([bytesOf(from)]).text, to);
    assert.equal(textOf(new LineEnds().push(bytesOf(from), true)), to);
  });
}

Deno.test("LineEnds: gives the same array where nothing changes", () => {
  const bytes = bytesOf("Subject: x\r\n\r\n.hello\r\n");
  assert.equal(new LineEnds().push(bytes, true), bytes);
});

const text = fc.array(
  fc.constantFrom("\r", "\n", "\r\n", ".", "a", "bcd", "\t", "\0", "\x80", "\xff"),
  {
    maxLength: 40,
  },
).map((parts) => parts.join(""));

Deno.test("LineEnds: agrees with the slow way, wherever pieces and memory begin", () => {
  fc.assert(
    fc.property(text, fc.array(fc.nat(8), { maxLength: 20 }), fc.nat(7), (raw, cuts, shift) => {
      // Memory of its own that begins at any address, since words are read at multiples of four.
      const bytes = new Uint8Array(raw.length + shift).subarray(shift);
      bytes.set(bytesOf(raw));
      const pieces: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) pieces.push(bytes.subarray(at, at += cut));
      pieces.push(bytes.subarray(at));
      const { text, facts } = normalise(pieces);
      assert.equal(text, normaliseSlowly(raw));
      const expected = {
        sizeBytes: text.length,
        dotLines: text.split("\r\n").filter((line) => line.startsWith(".")).length,
        isEightBit: /[\x80-\xff]/.test(raw),
      };
      assert.deepEqual(facts, expected);
      assert.equal(textOf(new LineEnds().push(bytes, true)), text);
      assert.equal(normalise([bytesOf(text)]).text, text);
    }),
    { numRuns: 4000 },
  );
});

Deno.test("LineEnds: a whole text may end with its last piece or after it", () => {
  const lines = new LineEnds();
  assert.equal(textOf(lines.push(bytesOf("a\r"))), "a\r");
  assert.equal(textOf(lines.push(bytesOf("\n.b\r"))), "\n.b\r");
  assert.equal(textOf(lines.push(bytesOf(".c"), true)), "\n.c\r\n");
  assert.deepEqual(lines.facts(), { sizeBytes: 11, dotLines: 2, isEightBit: false });
});
