import assert from "node:assert/strict";
import fc from "fast-check";
import { MailqError } from "../../../src/queue/errors.ts";
import { leastCpuMs } from "../../support/cpu_time.ts";
import { converse } from "./conversation.ts";

const PARTS = [
  "EHLO me\r\n",
  "HELO me\r\n",
  "MAIL FROM:<a@b.c>\r\n",
  "MAIL FROM:<> SIZE=10 RET=FULL ENVID=x+2By\r\n",
  "RCPT TO:<d@e.f>\r\n",
  'RCPT TO:<"x y"@z> NOTIFY=NEVER ORCPT=rfc822;d@e\r\n',
  "RCPT TO:<root>\r\n",
  "DATA\r\n",
  "RSET\r\n",
  "NOOP\r\n",
  "QUIT\r\n",
  "Subject: x\r\n",
  ".\r\n",
  ".\n",
  "..\r\n",
  "\r\n.\r\n",
  "\r",
  "\n",
  "\r\n",
  " ",
  "<",
  ">",
  '"',
  "\0",
  "\xff",
  "x".repeat(3_000),
];

const hostile = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...PARTS) },
    { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 6 }) },
  ),
  { maxLength: 40 },
).map((parts) => parts.join("").replace(/[^\0-\xff]/g, "?"));

Deno.test("SmtpSession: whatever comes it ends, speaks in whole lines, and takes only what was given", async () => {
  await fc.assert(
    fc.asyncProperty(hostile, fc.integer({ min: 1, max: 50 }), async (text, pieceSize) => {
      const talk = await converse(text, { pieceSize });
      if (talk.error !== null) {
        assert.ok(talk.error instanceof MailqError && talk.error.code === "input_unreadable");
      }
      assert.match(talk.said, /^(?:[2-5]\d\d[ -][ -~]{0,505}\r\n)+$/);
      assert.equal(
        talk.taken.length,
        talk.replies.filter((one) => one.includes("queued as")).length,
        "what is acknowledged is what was queued",
      );
      for (const { mail, recipients } of talk.taken) {
        assert.ok(text.includes(`<${mail.sender}>`), "a sender that was given");
        assert.ok(recipients.length > 0);
        for (const { recipient } of recipients) {
          assert.ok(text.includes(`<${recipient}>`), "a recipient that was given");
        }
      }
      // The pieces it comes in are nobody's business.
      const whole = await converse(text);
      assert.equal(whole.said, talk.said);
      assert.deepEqual(whole.taken, talk.taken);
    }),
    { numRuns: 600 },
  );
});

const BEGIN = "EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\n";

Deno.test("SmtpSession: no text of a message is obeyed, whatever it says", async () => {
  const body = fc.array(fc.constantFrom(...PARTS), { maxLength: 30 }).map((parts) =>
    parts.join("")
  );
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      // As clients do that double dots behind a bare LF, too, and as those that do not.
      const [stuffed, strictly] = ["\n.", "\r\n."].map((lineStart) =>
        `\r\n${text}`.replaceAll(lineStart, `${lineStart}.`).slice(2)
      );
      const strict = await converse(`${BEGIN}DATA\r\n${strictly}\r\n.\r\nQUIT\r\n`);
      assert.equal(strict.taken.length, 1);
      assert.equal(strict.taken[0]?.text, `${text.replaceAll(/(?<!\r)\n\.\./g, "\n.")}\r\n`);
      const talk = await converse(
        `${BEGIN}DATA\r\n${stuffed}\r\n.\r\nQUIT\r\n`,
      );
      assert.deepEqual(strict.replies, talk.replies);
      assert.deepEqual(talk.replies.map((one) => one.slice(0, 3)), [
        "220",
        "250",
        "250",
        "250",
        "354",
        "250",
        "221",
      ]);
      assert.equal(talk.taken.length, 1);
      assert.equal(talk.taken[0]?.text, `${text}\r\n`);
    }),
    { numRuns: 600 },
  );
});

Deno.test("SmtpSession: time grows with the input, not with its square", async () => {
  const time = (text: string) => leastCpuMs(() => converse(text, { pieceSize: 4_096 }));
  const begin = "EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\n";
  const shapes: readonly ((count: number) => string)[] = [
    (count) => "NOOP\r\n".repeat(count),
    (count) => "\n".repeat(count),
    (count) => `EHLO x\r\n${"\n".repeat(count)}`,
    (count) => "x".repeat(count),
    (count) => `${begin}DATA\r\n${".".repeat(count)}`,
    (count) => `${begin}DATA\r\n${"\r\n.x".repeat(count)}`,
    (count) => `${begin}DATA\r\n${"\r.".repeat(count)}`,
    (count) => `EHLO me\r\nMAIL FROM:<${'"'.repeat(1_900)}\r\n`.repeat(count / 1_000),
    (count) => `EHLO me\r\nMAIL FROM:<@${":".repeat(1_900)}\r\n`.repeat(count / 1_000),
  ];
  for (const [n, shape] of shapes.entries()) {
    const [little, much] = [await time(shape(8_000)), await time(shape(64_000))];
    // Eight times as much; the square would be 64 times. Small times are noise.
    assert.ok(much < 30 * Math.max(little, 5), `shape ${n}: ${little} ms, then ${much} ms`);
  }
});
