import assert from "node:assert/strict";
import { SmtpReply } from "../../../../src/transport/smtp/mail/replies.ts";
import {
  MAX_TRANSCRIPT_BYTES,
  Transcript,
} from "../../../../src/transport/smtp/connection/transcript.ts";

Deno.test("Transcript: who said what, with ms since the start", () => {
  const transcript = new Transcript();
  transcript.restart(1_000);
  transcript.add(1_000, "--", "connected to mail:25");
  transcript.add(1_012.4, "S", new SmtpReply(250, "250-mail\r\n250 SIZE"));
  transcript.add(1_020, "C", "MAIL FROM:<a@b>\r\nDATA\r\n");
  assert.equal(
    transcript.format(),
    "     0 -- connected to mail:25\n" +
      "    12 S: 250-mail\n" +
      "    12 S: 250 SIZE\n" +
      "    20 C: MAIL FROM:<a@b>\n" +
      "    20 C: DATA\n",
  );
});

Deno.test("Transcript: begins anew with each hand-over", () => {
  const transcript = new Transcript();
  transcript.add(1, "C", "EHLO a\r\n");
  transcript.restart(5);
  transcript.add(6, "C", "QUIT\r\n");
  assert.equal(transcript.format(), "     1 C: QUIT\n");
});

Deno.test("Transcript: a long one keeps its beginning and its end, in 64 KB of whole lines", () => {
  const transcript = new Transcript();
  const count = 20_000;
  for (let i = 0; i < count; i++) {
    transcript.add(i, "S", new SmtpReply(550, `550 5.1.1 <ü${i}@example.com> ${"é".repeat(100)}`));
  }
  const text = transcript.format();
  assert.ok(new TextEncoder().encode(text).length <= MAX_TRANSCRIPT_BYTES);
  const lines = text.split("\n");
  assert.match(lines[0] ?? "", /<ü0@/);
  assert.match(lines.at(-2) ?? "", /<ü19999@/);
  assert.ok(lines.includes("-- …"));
  assert.ok(lines.slice(0, -1).every((line) => line === "-- …" || /é{100}$/.test(line)));
});

Deno.test("Transcript: many short lines say that some were left out", () => {
  const transcript = new Transcript();
  for (let i = 0; i < 5_000; i++) transcript.add(0, "S", new SmtpReply(250, `250 ${i}`));
  const text = transcript.format();
  assert.match(text, /S: 250 0\n/);
  assert.match(text, /-- …\n/);
  assert.match(text, /S: 250 4999\n$/);
});
