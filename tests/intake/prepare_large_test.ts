import assert from "node:assert/strict";
import fc from "fast-check";
import type { IntakeOptions } from "../../src/intake/options.ts";
import { prepareMessage } from "../../src/intake/prepare.ts";
import { prepareStream } from "../../src/intake/prepare_large.ts";
import { type ErrorCode, MailqError } from "../../src/queue/errors.ts";
import { bytesOf, intakeOptions, textOf } from "./intake_options.ts";

const PIECE = 256 * 1024;
const MEGABYTE = 1024 * 1024;

async function* stream(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function collect(head: Uint8Array, rest: Iterable<Uint8Array>, options: IntakeOptions) {
  const { message, pieces, facts, warnings } = await prepareStream(head, stream(rest), options);
  const sizes: number[] = [];
  const texts: string[] = [];
  for await (const piece of pieces) {
    sizes.push(piece.length);
    texts.push(textOf(piece));
  }
  return { message, text: texts.join(""), sizes, facts: facts(), warnings };
}

async function refused(promise: Promise<unknown>, code: ErrorCode, pattern: RegExp) {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof MailqError);
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    return true;
  });
}

Deno.test("prepareStream: gives what prepareMessage gives, wherever pieces are cut", async () => {
  const part = fc.constantFrom(
    ...[
      "From x",
      "From x Sun Nov 22 18:00:00 2026",
      "Bcc: a@b",
      "Date: d",
      "Message-ID: m",
      "X-Mail-Queue-Priority: odd",
      "S: t",
    ],
    ...["\r\n", "\n", "\r", "\r\r\n", "\r\n\r\n", " ", ".", "\0", "\xe9", "text", ":"],
  );
  const cuts = fc.array(fc.nat(12), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 25 }), cuts, async (parts, cuts) => {
      const bytes = bytesOf(parts.join(""));
      const whole = await prepareMessage(bytes, intakeOptions()).catch((error) => {
        assert.ok(error instanceof MailqError && error.code === "bad_message");
        return null;
      });
      const pieces: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) pieces.push(bytes.subarray(at, at += cut));
      pieces.push(bytes.subarray(at));
      const [head = bytes, ...rest] = pieces;
      const taken = collect(head, rest, intakeOptions());
      if (whole === null) return await refused(taken, "bad_message", /./);
      const large = await taken;
      const { content, sizeBytes, dotLines, isEightBit, ...message } = whole.message;
      assert.equal(large.text, textOf(content));
      assert.deepEqual(large.facts, { sizeBytes, dotLines, isEightBit });
      assert.deepEqual(large.message, message);
      assert.deepEqual(large.warnings, whole.warnings);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("prepareStream: packs pieces of exactly 256 KB", async () => {
  const head = bytesOf("Message-ID: <a@b>\r\nDate: x\r\n\r\n");
  const line = bytesOf("y".repeat(998) + "\n");
  const rest = Array.from({ length: 1500 }, () => line);
  const { sizes, facts } = await collect(head, rest, intakeOptions());
  assert.equal(facts.sizeBytes, head.length + 1500 * 1000);
  assert.ok(sizes.slice(0, -1).every((size) => size === PIECE));
  assert.equal(sizes.reduce((sum, size) => sum + size, 0), facts.sizeBytes);
});

Deno.test("prepareStream: stops at max_size, however much would follow", async () => {
  let taken = 0;
  let isClosed = false;
  async function* endless() {
    try {
      for (;;) {
        taken++;
        yield new Uint8Array(PIECE).fill(120);
      }
    } finally {
      isClosed = true;
    }
  }
  const options = intakeOptions({}, { maxSizeBytes: 2 * MEGABYTE });
  const { pieces } = await prepareStream(bytesOf("A: 1\n\n"), endless(), options);
  const reading = (async () => {
    for await (const piece of pieces) assert.equal(piece.length, PIECE);
  })();
  await refused(reading, "bad_message", /at least \d+ bytes: max_size is 2097152 bytes/);
  assert.ok(taken < 10);
  assert.ok(isClosed);
});

Deno.test("prepareStream: reads on for a header that does not end in the head", async () => {
  const value = "v".repeat(300_000);
  const rest = [`: ${value}\n`, ` ${value}\nBcc: z@w\nTo: x@`, "y\n", "\nbody\n"].map(bytesOf);
  const { message, text } = await collect(bytesOf("Subj"), rest, intakeOptions({ to: [] }));
  assert.deepEqual(message.recipients, ["x@y", "z@w"].reverse());
  assert.ok(text.endsWith(`\r\n ${value}\r\nTo: x@y\r\n\r\nbody\r\n`));
});

Deno.test("prepareStream: refuses a header over 1 MB", async () => {
  const field = bytesOf(`X: ${"v".repeat(1000)}\n`);
  const fields = Array.from({ length: 1100 }, () => field);
  const pattern = /header is over 1048576 bytes/;
  await refused(collect(field, fields, intakeOptions()), "bad_message", pattern);
  const long = bytesOf("X: " + "v".repeat(MEGABYTE) + "\n\nbody\n");
  await refused(collect(long, [], intakeOptions()), "bad_message", pattern);
});

Deno.test("prepareStream: takes a body of one endless line without header", async () => {
  const head = new Uint8Array(MEGABYTE + 1).fill(120);
  const { text } = await collect(head, [head, bytesOf("\nend")], intakeOptions());
  assert.ok(text.includes(`\r\n\r\n${"x".repeat(2 * MEGABYTE + 2)}\r\nend\r\n`));
});

Deno.test("prepareStream: knows no facts before the end", async () => {
  const { facts } = await prepareStream(bytesOf("A: 1\n\n"), stream([]), intakeOptions());
  assert.throws(facts, /before its end/);
});

Deno.test("prepareStream: passes on what reading throws", async () => {
  async function* broken() {
    yield bytesOf("x\n");
    throw new MailqError("input_unreadable", "Cannot read it");
  }
  const { pieces } = await prepareStream(bytesOf("A: 1\n\n"), broken(), intakeOptions());
  await refused(Array.fromAsync(pieces), "input_unreadable", /Cannot read it/);
});
