import assert from "node:assert/strict";
import fc from "fast-check";
import { LfLines } from "../../../src/transport/mailbox/lf_lines.ts";
import { latin1 } from "../../support/smtp_script.ts";

function lfOf(pieces: readonly string[]): string {
  const lines = new LfLines();
  const parts = [...pieces.map((piece) => lines.push(latin1(piece))), lines.end()];
  return parts.map((part) => new TextDecoder("latin1").decode(part)).join("");
}

Deno.test("LfLines: CRLF becomes LF, a CR of its own stays", () => {
  const cases: [string[], string][] = [
    [["a\r\nb\r\n"], "a\nb\n"],
    [["a\r", "\nb"], "a\nb"],
    [["a\r", "b"], "a\rb"],
    [["a\r\r\n"], "a\r\n"],
    [["a\r", "\r", "\n"], "a\r\n"],
    [["a\r", "", "\n"], "a\n"],
    [["a\r"], "a\r"],
    [["\n", "\r\n"], "\n\n"],
    [[], ""],
  ];
  for (const [pieces, expected] of cases) {
    assert.equal(lfOf(pieces), expected, JSON.stringify(pieces));
  }
});

Deno.test("LfLines: where pieces are cut makes no difference", () => {
  const piece = fc.string({ unit: fc.constantFrom("\r", "\n", "x"), maxLength: 6 });
  fc.assert(fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
    assert.equal(lfOf(pieces), pieces.join("").replaceAll("\r\n", "\n"));
  }));
});

Deno.test("LfLines: LF back to CRLF gives the same bytes", () => {
  const text = fc.array(fc.string({ unit: fc.constantFrom("x", ".", "\0") }), { maxLength: 5 })
    .map((lines) => lines.map((line) => `${line}\r\n`).join(""));
  fc.assert(fc.property(text, (crlf) => {
    assert.equal(lfOf([crlf]).replaceAll("\n", "\r\n"), crlf);
  }));
});
