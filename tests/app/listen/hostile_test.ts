import assert from "node:assert/strict";
import fc from "fast-check";
import { SmtpTalk } from "../../support/smtp_talk.ts";
import { Listening } from "./listening.ts";

/** What some servers take for the end of a text, and RFC 5321 does not. */
const FALSE_ENDS = [
  "\n.\n",
  "\n.\r\n",
  "\r.\r",
  "\r.\r\n",
  "\r\n.\n",
  "\r\n.\r",
  "\r\n.\r\r\n",
  "\r\n\0.\r\n",
  "\r\n.\0\r\n",
  "\r\r\n.\n",
];

Deno.test("listeners: nothing is smuggled in behind what is no end of a text", async () => {
  await using listening = await Listening.start();
  using talk = await listening.talk();
  for (const end of FALSE_ENDS) {
    await talk.begin("ann@sender.test", "bob@receiver.test");
    await talk.command("DATA", 354);
    await talk.send(
      `Subject: one\r\n\r\nHi${end}MAIL FROM:<evil@x.test>\r\nRCPT TO:<victim@x.test>\r\nDATA\r\n` +
        "Subject: smuggled\r\n\r\nHi\r\n.\r\n",
    );
    assert.match(await talk.reply(), /^250 2\.0\.0 Ok: queued/, JSON.stringify(end));
    await talk.command("NOOP", 250);
  }
  const messages = await listening.app.messages();
  assert.deepEqual([...new Set(messages.map(({ subject, sender }) => `${subject} ${sender}`))], [
    "one ann@sender.test",
  ]);
  assert.equal(messages.length, FALSE_ENDS.length);
});

const PARTS = [
  "EHLO me\r\n",
  "MAIL FROM:<a@b.c>\r\n",
  "RCPT TO:<d@e.f>\r\n",
  "DATA\r\n",
  "BDAT 5\r\n",
  "BDAT 3 LAST\r\n",
  "AUTH PLAIN AGEAYg==\r\n",
  "XDROP 3\r\n",
  "a: b\r\n\r\n",
  ".\r\n",
  "\r\n",
  "\n",
  "\0",
  "\xff",
  "x".repeat(3_000),
];

Deno.test("listeners: whatever comes, they answer in whole lines and serve the next one", async () => {
  await using listening = await Listening.start();
  const hostile = fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...PARTS) },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
    ),
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(hostile, async (parts) => {
      using talk = await SmtpTalk.connect(listening.place);
      const bytes = Uint8Array.from(parts.join(""), (char) => char.charCodeAt(0) & 0xff);
      // It may have ended the conversation before all was sent.
      await talk.send(bytes).then(() => talk.closeWrite()).catch(() => {});
      for (let reply = await talk.reply(); reply !== ""; reply = await talk.reply()) {
        assert.match(reply, /^(?:[2-5]\d\d[ -][ -~]{0,505}(?:\r\n|$))+$/);
      }
    }),
    { numRuns: 150 },
  );
  assert.deepEqual(listening.app.told.filter((line) => line.startsWith("warn")), []);
  using talk = await listening.talk();
  await talk.mail();
});
