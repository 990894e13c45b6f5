import assert from "node:assert/strict";
import fc from "fast-check";
import { readSpoolEnvelope } from "../../../src/intake/sources/spool_envelope.ts";
import { bytesOf, textOf } from "../intake_options.ts";

function read(text: string): [from: string | null, to: string | null, message: string] | null {
  const envelope = readSpoolEnvelope(bytesOf(text));
  return envelope && [envelope.from, envelope.to, textOf(envelope.message)];
}

const cases: readonly [what: string, text: string, expected: ReturnType<typeof read>][] = [
  ["zope's two lines", "X-Zope-From: a@x.y\nX-Zope-To: b@x.y, c@x.y\nA: 1\n\nt\n", [
    "a@x.y",
    "b@x.y, c@x.y",
    "A: 1\n\nt\n",
  ]],
  ["the null sender", "X-Zope-From: \nX-Zope-To: b@x.y\n", ["", "b@x.y", ""]],
  ["only LF ends zope's lines", "X-Zope-From: a@x.y\nX-Zope-To: b@x.y\r\n\r\nt", [
    "a@x.y",
    "b@x.y",
    "\r\nt",
  ]],
  ["a message below that looks like a folded line", "X-Zope-From: a\nX-Zope-To: b\n t\n", [
    "a",
    "b",
    " t\n",
  ]],
  ["zope's lines further down are the message's", "A: 1\nX-Zope-From: a\nX-Zope-To: b\n\n", null],
  ["one of zope's lines alone is the message's", "X-Zope-From: a\nA: b\n\n", null],
  ["a name that only begins so", "X-Zope-Fromm: a\nX-Zope-To: b\n\n", null],
  ["repoze's fields", "A: 1\nX-Actually-From: a@x.y\nX-Actually-To: b@x.y,\n c@x.y\n\nt\n", [
    "a@x.y",
    "b@x.y, c@x.y",
    "A: 1\n\nt\n",
  ]],
  [
    "repoze's encoded words",
    "X-Actually-From: =?utf-8?q?a=40x=2Ey?=\r\nX-Actually-To: =?utf-8?b?YkB4Lnk=?=\r\n" +
    " =?utf-8?q?=2Cc=40x=2Ey?=\r\nA: 1\r\n\r\n",
    ["a@x.y", "b@x.y,c@x.y", "A: 1\r\n\r\n"],
  ],
  ["an encoded name stays one", "X-Actually-To: =?utf-8?q?J=2C_D?= <b@x.y>\n\n", [
    null,
    "=?utf-8?q?J=2C_D?= <b@x.y>",
    "\n",
  ]],
  ["the last field counts, all go", "X-Actually-To: a@x\nA: 1\nX-Actually-To: b@x\n\n", [
    null,
    "b@x",
    "A: 1\n\n",
  ]],
  ["repoze's fields below the header are text", "A: 1\n\nX-Actually-To: b@x.y\n", null],
  ["an ordinary message", "From: a@x.y\nTo: b@x.y\n\nt\n", null],
  ["nothing", "", null],
];

for (const [what, text, expected] of cases) {
  Deno.test(`readSpoolEnvelope: ${what}`, () => assert.deepEqual(read(text), expected));
}

Deno.test("readSpoolEnvelope: what zope.sendmail writes comes back, byte for byte", () => {
  const line = fc.stringMatching(/^[!-~](?:[ -~]*[!-~])?$/);
  fc.assert(fc.property(line, line, fc.uint8Array({ maxLength: 200 }), (from, to, message) => {
    const spooled = bytesOf(`X-Zope-From: ${from}\nX-Zope-To: ${to}\n${textOf(message)}`);
    assert.deepEqual(readSpoolEnvelope(spooled), { from, to, message });
  }));
});

Deno.test("readSpoolEnvelope: any bytes are read without a crash, and none is made up", () => {
  const token = fc.constantFrom(
    "X-Zope-From: ",
    "X-Zope-To: ",
    "X-Actually-To: ",
    "X-Actually-From",
    ":",
    "\n",
    "\r\n",
    " ",
    "a@x.y",
    "\0",
    "\xff",
    "=?utf-8?q?",
    "?=",
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 20 }), (tokens) => {
      const text = tokens.join("");
      const message = read(text)?.[2] ?? text;
      let at = 0;
      for (const character of message) {
        at = text.indexOf(character, at) + 1;
        assert(at > 0, "the message is what is left of the text");
      }
    }),
    { numRuns: 2_000 },
  );
});
