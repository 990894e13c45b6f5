import assert from "node:assert/strict";
import fc from "fast-check";
import { fromLine, FromQuoter } from "../../../src/transport/mailbox/mbox_lines.ts";
import { latin1 } from "../../support/smtp_script.ts";

function quotedOf(pieces: readonly string[]): string {
  const quoter = new FromQuoter();
  const parts = [...pieces.map((piece) => quoter.push(latin1(piece))), quoter.end()];
  return parts.map((part) => new TextDecoder("latin1").decode(part)).join("");
}

Deno.test("FromQuoter: From lines get one > more, other lines none", () => {
  const cases: [string[], string][] = [
    [["From a\nFrom b\n"], ">From a\n>From b\n"],
    [[">From a\n>>>From b\n"], ">>From a\n>>>>From b\n"],
    [["Fr", "om", " a\n"], ">From a\n"],
    [["x\n>", ">Fro", "m a"], "x\n>>>From a"],
    [
      ["x From a\nfrom b\nFrom\nFrom:c\n > From d\n"],
      "x From a\nfrom b\nFrom\nFrom:c\n > From d\n",
    ],
    [["a\nFrom"], "a\nFrom"],
    [["Fro", "From a"], "FroFrom a"],
    [["\n", "", "From "], "\n>From "],
  ];
  for (const [pieces, expected] of cases) {
    assert.equal(quotedOf(pieces), expected, JSON.stringify(pieces));
  }
});

Deno.test("FromQuoter: taking one > away gives back the text, wherever it was cut", () => {
  const token = fc.constantFrom("From ", "F", "rom ", ">", "\n", "x", "\r");
  const piece = fc.array(token, { maxLength: 6 }).map((tokens) => tokens.join(""));
  fc.assert(fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
    const text = pieces.join("");
    const quoted = quotedOf(pieces);
    assert.equal(quoted, quotedOf([text]));
    assert.doesNotMatch(quoted, /(?<![^\n])From /);
    assert.equal(quoted.replace(/(?<![^\n])>(>*From )/g, "$1"), text);
  }));
});

Deno.test("fromLine: the sender and the time in UTC as asctime writes it", () => {
  const at = Date.UTC(2026, 0, 3, 4, 5, 6);
  assert.equal(fromLine("a@x.y", at), "From a@x.y Sat Jan  3 04:05:06 2026\n");
  assert.equal(fromLine("", at), "From MAILER-DAEMON Sat Jan  3 04:05:06 2026\n");
  assert.equal(fromLine('"a b"@x.y', at), 'From "a-b"@x.y Sat Jan  3 04:05:06 2026\n');
});
