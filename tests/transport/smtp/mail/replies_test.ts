import assert from "node:assert/strict";
import fc from "fast-check";
import { ConnectionBroken } from "../../../../src/transport/smtp/connection/broken.ts";
import {
  MAX_LINE_BYTES,
  MAX_REPLY_BYTES,
  ReplyReader,
  type SmtpReply,
} from "../../../../src/transport/smtp/mail/replies.ts";
import { latin1 } from "../../../support/smtp_script.ts";

/** Feeds `bytes` in pieces of `size` and takes replies as they become whole. */
function read(reader: ReplyReader, bytes: Uint8Array, size = bytes.length): SmtpReply[] {
  const replies: SmtpReply[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = reader.space();
    const piece = bytes.subarray(at, at + Math.min(size, space.length));
    space.set(piece);
    reader.filled(piece.length);
    at += piece.length;
    for (let reply = reader.next(); reply !== null; reply = reader.next()) replies.push(reply);
  }
  return replies;
}

const READ: readonly (readonly [string, number, string | null, string])[] = [
  ["250 ok\r\n", 250, null, "ok"],
  ["250\r\n", 250, null, ""],
  ["250 \r\n", 250, null, ""],
  ["250 ok\n", 250, null, "ok"],
  ["250\n", 250, null, ""],
  ["250 2.1.0 ok\r\n", 250, "2.1.0", "ok"],
  ["250 2.1.0\r\n", 250, "2.1.0", ""],
  ["550 5.1.1 <a@b>: unknown\r\n", 550, "5.1.1", "<a@b>: unknown"],
  ["550 4.1.1 class differs\r\n", 550, null, "4.1.1 class differs"],
  ["550 5.1 no code\r\n", 550, null, "5.1 no code"],
  ["550 5.1.1234 no code\r\n", 550, null, "5.1.1234 no code"],
  ["220 2.mail ready\r\n", 220, null, "2.mail ready"],
  ["354 go\r\n", 354, null, "go"],
  ["250-a\r\n250-b\r\n250 c\r\n", 250, null, "a\nb\nc"],
  ["250-a\r\n250\r\n", 250, null, "a\n"],
  ["550-5.7.1 first\r\n550 5.7.1 second\r\n", 550, "5.7.1", "first\nsecond"],
  ["550-5.7.1 first\r\n550 second\r\n", 550, "5.7.1", "first\nsecond"],
  // As servers really write it.
  ["550 #5.1.0 Address rejected.\r\n", 550, "5.1.0", "Address rejected."],
  ["550 (5.1.1) unknown\r\n", 550, "5.1.1", "unknown"],
  ["550 [5.1.1] unknown\r\n", 550, "5.1.1", "unknown"],
  ["550 (#5.1.1) unknown\r\n", 550, "5.1.1", "unknown"],
  ["550 5.1.1: unknown\r\n", 550, "5.1.1", "unknown"],
  ["550 5.1.1:unknown\r\n", 550, "5.1.1", "unknown"],
  ["550 5.1.1, unknown\r\n", 550, "5.1.1", "unknown"],
  ["550 5.1.1. Unknown\r\n", 550, "5.1.1", "Unknown"],
  ["550 5.1.1:\r\n", 550, "5.1.1", ""],
  ["550  5.1.1 unknown\r\n", 550, "5.1.1", "unknown"],
  ["550 sorry, nobody here (#5.1.1)\r\n", 550, "5.1.1", "sorry, nobody here (#5.1.1)"],
  ["550 nobody (#5.1.1 - chkuser)\r\n", 550, "5.1.1", "nobody (#5.1.1 - chkuser)"],
  ["550-nobody here\r\n550 #5.1.1 unknown\r\n", 550, "5.1.1", "nobody here\nunknown"],
  ["550-see below\r\n550 sorry (#5.7.1)\r\n", 550, "5.7.1", "see below\nsorry (#5.7.1)"],
  ["451 #4.1.8 Domain\r\n", 451, "4.1.8", "Domain"],
  ["250 #2.0.0 ok\r\n", 250, "2.0.0", "ok"],
  // Addresses, versions and other numbers.
  ["550 5.1.1.7 is blocked\r\n", 550, null, "5.1.1.7 is blocked"],
  ["550 [5.1.1.7] is blocked\r\n", 550, null, "[5.1.1.7] is blocked"],
  ["554 blocked: (5.7.1.25)\r\n", 554, null, "blocked: (5.7.1.25)"],
  ["554 5.7.1.25: blocked\r\n", 554, null, "5.7.1.25: blocked"],
  ["554 5.7.1/24 is blocked\r\n", 554, null, "5.7.1/24 is blocked"],
  ["554 5.7.1:25 is blocked\r\n", 554, null, "5.7.1:25 is blocked"],
  ["554 5.3.2-p1 of the filter\r\n", 554, null, "5.3.2-p1 of the filter"],
  ["554 filtered by Filter (5.3.2)\r\n", 554, null, "filtered by Filter (5.3.2)"],
  ["554 filtered by Filter 5.3.2\r\n", 554, null, "filtered by Filter 5.3.2"],
  ["554 (#4.7.1) class differs\r\n", 554, null, "(#4.7.1) class differs"],
  ["250 gr\xc3\xbc\xc3\x9fe\r\n", 250, null, "grüße"],
  ["250 \xff\r\n", 250, null, "\ufffd"],
];

Deno.test("ReplyReader: code, enhanced code and text", () => {
  for (const [text, code, enhanced, said] of READ) {
    for (const size of [1, 2, 3, 7, text.length]) {
      const [reply, ...more] = read(new ReplyReader(), latin1(text), size);
      assert.deepEqual([reply?.code, reply?.enhanced, reply?.text], [code, enhanced, said], text);
      assert.equal(more.length, 0);
    }
  }
});

const GARBAGE = [
  "\r\n",
  "hello\r\n",
  "25 ok\r\n",
  "25x ok\r\n",
  "2500 ok\r\n",
  "150 ok\r\n",
  "650 ok\r\n",
  "250_ok\r\n",
  " 250 ok\r\n",
  "250-a\r\n251 b\r\n",
  "250-a\r\nb\r\n",
  "\x16\x03\x01\x00\xa5\r\n",
  "HTTP/1.1 400 Bad Request\r\n",
];

Deno.test("ReplyReader: what is no reply is garbage", () => {
  for (const text of GARBAGE) {
    assert.throws(
      () => read(new ReplyReader(), latin1(text)),
      (error) => error instanceof ConnectionBroken && error.kind === "garbage",
      JSON.stringify(text),
    );
  }
});

Deno.test("ReplyReader: the longest line passes, a longer one is garbage before it ends", () => {
  const longest = latin1(`250 ${"x".repeat(MAX_LINE_BYTES - 5)}\r\n`);
  assert.equal(read(new ReplyReader(), longest, 100).length, 1);
  const endless = latin1(`250 ${"x".repeat(MAX_LINE_BYTES)}`);
  assert.throws(() => read(new ReplyReader(), endless, 100), /no end/);
});

Deno.test("ReplyReader: a reply of endless lines is garbage", () => {
  const lines = latin1("250-x\r\n".repeat(MAX_REPLY_BYTES / 7 + 1));
  assert.throws(() => read(new ReplyReader(), lines, 1_000), /no end/);
});

Deno.test("ReplyReader: many replies at once, cut anywhere, come out in order", () => {
  const count = 5_000;
  const text = Array.from({ length: count }, (_, i) => `250 2.1.5 number ${i}\r\n`).join("");
  for (const size of [97, 16_384]) {
    const replies = read(new ReplyReader(), latin1(text), size);
    assert.deepEqual(
      replies.map((reply) => reply.text),
      [...Array(count).keys()].map((i) => `number ${i}`),
    );
  }
});

Deno.test("ReplyReader: cutting changes nothing", () => {
  const line = fc.string({ unit: fc.constantFrom(..."abc .-5") });
  const reply = fc.tuple(fc.integer({ min: 200, max: 599 }), fc.array(line, { minLength: 1 }));
  fc.assert(fc.property(fc.array(reply, { minLength: 1 }), fc.nat({ max: 30 }), (said, size) => {
    const text = said.map(([code, lines]) =>
      lines.map((each, i) => `${code}${i === lines.length - 1 ? " " : "-"}${each}\r\n`).join("")
    ).join("");
    const whole = read(new ReplyReader(), latin1(text));
    const cut = read(new ReplyReader(), latin1(text), size + 1);
    assert.equal(whole.length, said.length);
    assert.deepEqual(cut.map(({ raw }) => raw), whole.map(({ raw }) => raw));
  }));
});

Deno.test("ReplyReader: random bytes neither hang nor crash", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    try {
      read(new ReplyReader(), bytes, 10);
    } catch (error) {
      assert.ok(error instanceof ConnectionBroken);
    }
  }));
});

Deno.test("ReplyReader: tells what came beyond the last reply", () => {
  const reader = new ReplyReader();
  read(reader, latin1("250 ok\r\n"));
  assert.equal(reader.hasRest, false);
  read(reader, latin1("421 by"));
  assert.equal(reader.hasRest, true);
  assert.equal(reader.rest, "421 by");
});
