import assert from "node:assert/strict";
import fc from "fast-check";
import { readLines } from "../../../src/intake/jsonl/lines.ts";
import type { ByteSource } from "../../../src/intake/sources/files.ts";
import { bytesOf, textOf } from "../intake_options.ts";

function sourceOf(bytes: Uint8Array, step: number): ByteSource {
  let at = 0;
  return {
    readSync(into) {
      if (at === bytes.length) return null;
      const piece = bytes.subarray(at, at + Math.min(step, into.length));
      into.set(piece);
      at += piece.length;
      return piece.length;
    },
  };
}

function linesOf(text: string, step = 100_000, limit = 10_000_000): [number, string][] {
  const lines: [number, string][] = [];
  for (const { number, bytes } of readLines("x", sourceOf(bytesOf(text), step), "", limit)) {
    lines.push([number, textOf(bytes)]);
  }
  return lines;
}

Deno.test("readLines: gives the lines that split gives, however they are read", () => {
  const line = fc.oneof(fc.string({ unit: "binary-ascii", maxLength: 5 }), fc.constant("\n"));
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 1, max: 7 }), (pieces, step) => {
      const text = pieces.join("");
      const expected = text.split("\n");
      if (expected.at(-1) === "") expected.pop();
      assert.deepEqual(linesOf(text, step), expected.map((line, i) => [i + 1, line]));
    }),
  );
});

Deno.test("readLines: lines larger than its room come whole, also after each other", () => {
  const sizes = [10, 262_143, 262_144, 262_145, 1, 3_000_000, 0, 5_000_000, 300_000, 7];
  for (const step of [65_536, 1_000_000]) {
    const lines = sizes.map((size, i) => String.fromCharCode(97 + i).repeat(size));
    assert.deepEqual(
      linesOf(lines.join("\n"), step).map(([, line]) => `${line[0]}${line.length}`),
      lines.map((line) => `${line[0]}${line.length}`),
    );
  }
});

Deno.test("readLines: a line over the limit is refused, ended or not", () => {
  assert.equal(linesOf(`${"x".repeat(1_000)}\ny`, 64, 1_000).length, 2);
  for (const end of ["\ny", ""]) {
    assert.throws(
      () => linesOf(`a\n${"x".repeat(1_001)}${end}`, 64, 1_000),
      /^MailqError: line 2: Cannot read a line of more than 1000 bytes$/,
    );
  }
  // An endless line is refused before it fills the memory.
  const endless = { readSync: (into: Uint8Array) => into.fill(120).length };
  assert.throws(() => [...readLines("x", endless, "f: ", 1_000_000)], /f: line 1: .*1000000 bytes/);
});
