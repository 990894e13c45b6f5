import assert from "node:assert/strict";
import fc from "fast-check";
import { DotStuffer, packContent } from "../../../../src/transport/smtp/mail/content.ts";
import { latin1 } from "../../../support/smtp_script.ts";

const CASES: readonly (readonly [string, string])[] = [
  ["", ""],
  ["a\r\n", "a\r\n"],
  [".\r\n", "..\r\n"],
  ["..\r\n", "...\r\n"],
  ["a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n"],
  ["a.\r\n.b.\r\n\r\n.\r\n", "a.\r\n..b.\r\n\r\n..\r\n"],
  ["a\x00\xff.\r\n.\xff\r\n", "a\x00\xff.\r\n..\xff\r\n"],
];

function stuffInPieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array {
  const stuffer = new DotStuffer();
  const out: number[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    out.push(...stuffer.stuff(bytes.subarray(from, cut)));
    from = cut;
  }
  return Uint8Array.from(out);
}

Deno.test("DotStuffer: doubles the dot that begins a line, wherever pieces are cut", () => {
  for (const [content, stuffed] of CASES) {
    for (let cut = 0; cut <= content.length; cut++) {
      assert.deepEqual(stuffInPieces(latin1(content), [cut]), latin1(stuffed), `${content} ${cut}`);
    }
    const everywhere = [...latin1(content).keys()];
    assert.deepEqual(stuffInPieces(latin1(content), everywhere), latin1(stuffed));
  }
});

Deno.test("DotStuffer: undoing it gives the bytes back, cut anywhere", () => {
  const text = fc.string({ unit: fc.constantFrom(".", "\r\n", "a", "\xff", "\0"), maxLength: 40 });
  fc.assert(fc.property(text, fc.array(fc.nat({ max: 60 })), (content, cuts) => {
    const bytes = latin1(content);
    const sorted = cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b);
    const stuffed = new TextDecoder("latin1").decode(stuffInPieces(bytes, sorted));
    assert.equal(stuffed.replace(/(^|\r\n)\.\./g, "$1.").length, content.length);
    assert.equal(stuffed, content.replace(/(^|\n)\./g, "$1.."));
  }));
});

Deno.test("DotStuffer: a piece without such a dot is not copied", () => {
  const piece = latin1("a.b\r\nc\r\n");
  assert.equal(new DotStuffer().stuff(piece), piece);
});

Deno.test("packContent: content and final dot for one write", () => {
  const room = new Uint8Array(100);
  const pack = (content: string, dotLines: number) =>
    new TextDecoder("latin1").decode(
      room.subarray(0, packContent(latin1(content), dotLines, room)),
    );
  assert.equal(pack("a\r\n", 0), "a\r\n.\r\n");
  assert.equal(pack(".a\r\n.\r\n", 2), "..a\r\n..\r\n.\r\n");
  assert.equal(pack("", 0), ".\r\n");
});

Deno.test("packContent: says so when there is no room", () => {
  const content = latin1(".\r\n".repeat(10));
  for (let size = 0; size < 43; size++) {
    assert.equal(packContent(content, 10, new Uint8Array(size)), 0);
    assert.equal(packContent(content, 1, new Uint8Array(size)), 0);
  }
  assert.equal(packContent(content, 10, new Uint8Array(43)), 43);
});
