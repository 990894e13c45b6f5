import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeWords, encodeWords } from "../../../src/intake/header/encoded_words.ts";

for (
  const [name, text, expected] of [
    ["plain text", "Hello = ? world", "Hello = ? world"],
    ["Q", "=?utf-8?Q?J=C3=B6rg_B?=", "Jörg B"],
    ["B", "=?UTF-8?b?SsO2cmc=?=", "Jörg"],
    ["text around", "Re: =?utf-8?q?=C3=A9?= x", "Re: é x"],
    ["blanks between words dropped", "=?utf-8?q?a?= \t =?utf-8?q?b?=", "ab"],
    ["a character cut in two", "=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"],
    ["two charsets", "=?iso-8859-1?q?=E9?= =?koi8-r?q?=C1?=", "éа"],
    ["a language", "=?iso-8859-1*fr?q?=E9?=", "é"],
    ["an unknown charset", "x =?klingon?q?a?= y", "x =?klingon?q?a?= y"],
    ["broken base64", "=?utf-8?b?***?= =?utf-8?q?a?=", "=?utf-8?b?***?= a"],
    ["an unknown encoding", "=?utf-8?x?a?=", "=?utf-8?x?a?="],
    ["a broken escape", "=?utf-8?q?=G1=4?=", "=G1=4"],
    ["bytes that are no UTF-8", "=?utf-8?q?=FF?=", "\ufffd"],
    ["words that make words", "=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?=", "=?utf-8?q?a?="],
  ] as const
) {
  Deno.test(`decodeWords: ${name}`, () => assert.equal(decodeWords(text), expected));
}

Deno.test("encodeWords: comes back the same, in words of at most 75 characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 80 }), (text) => {
      const encoded = encodeWords(text);
      assert.equal(decodeWords(encoded), text);
      assert.ok(encoded.split("\r\n ").every((word) => /^=\?[!-~]{1,72}\?=$/.test(word)));
    }),
    { numRuns: 300 },
  );
});

Deno.test("decodeWords: never throws or hangs", () => {
  const part = fc.constantFrom("=?", "?=", "utf-8", "?b?", "?q?", "=C3", " ", "x", "*", "=");
  fc.assert(
    fc.property(fc.array(part), (parts) => typeof decodeWords(parts.join("")) === "string"),
  );
  decodeWords("=?x?q?".repeat(50_000));
  decodeWords("=?".repeat(100_000));
});
