import assert from "node:assert/strict";
import fc from "fast-check";
import { prepareMessage } from "../../src/intake/prepare.ts";
import { prepareStream } from "../../src/intake/prepare_large.ts";
import { parseTime } from "../../src/intake/times.ts";
import { MailqError } from "../../src/queue/errors.ts";
import type { WholeMessage } from "../../src/queue/message.ts";
import { standsIn } from "./comments.ts";
import { readCorpus } from "./corpus.ts";
import { bytesOf, intakeOptions, NOW, textOf } from "./intake_options.ts";
import { Wire } from "./wire.ts";

const OPTIONS = intakeOptions({ to: [] });

/** What lies between addresses, and what might break them. */
const SCRAP = fc.constantFrom(
  ..."\r \n \r\n \t ( ) < > \" \\ , ; : @ [ ] . \0 \x01 \x7f \x85 \xff ' % ! = ? * -".split(" "),
  " ",
  "\r\n ",
  "\r\n\t",
  "\n.\r\n",
  "\r\n.\r\n",
  "a",
  "b",
  "@x",
  "=?utf-8?q?=0D=0A?=",
  "=?utf-8?b?DQo=?=",
  "\xc3\xa9",
  "\xe2\x80\xa8",
  "evil@bad.test",
  "<evil@bad.test>",
  "RCPT TO:<evil@bad.test>",
  "DATA",
  "To:",
  "Bcc:",
  "From ",
  ">From ",
);
const ADDRESS = fc.constantFrom(
  "a@x.test",
  "<b@x.test>",
  '"c d"@x.test',
  "(e) f@x.test",
  "g:h@x.test;",
);
const FIELD = fc.constantFrom("To", "Cc", "Bcc", "From", "Sender", "Resent-To", "Subject", "Date")
  .chain((name) =>
    fc.array(fc.oneof(ADDRESS, SCRAP), { maxLength: 6 })
      .map((parts) => `${name}: ${parts.join("")}\r\n`)
  );
const MADE_UP = fc.tuple(fc.array(fc.oneof(FIELD, SCRAP), { maxLength: 6 }), fc.array(SCRAP))
  .map(([header, body]) =>
    `From: s@x.test\r\nTo: a@x.test\r\n${header.join("")}\r\n${body.join("")}`
  )
  .map(bytesOf);

/** Messages of the corpus with a few bytes changed, doubled or taken out. */
const EDIT = fc.tuple(fc.nat(), fc.constantFrom("set", "insert", "remove"), SCRAP);
const MUTATED = fc.tuple(fc.constantFrom(...readCorpus()), fc.array(EDIT, { maxLength: 4 }))
  .map(([{ bytes }, edits]) => {
    let text = textOf(bytes);
    for (const [place, kind, scrap] of edits) {
      const at = place % (text.length + 1);
      const past = kind === "insert" ? at : at + (kind === "set" ? scrap.length : 1);
      text = text.slice(0, at) + (kind === "remove" ? "" : scrap) + text.slice(past);
    }
    return bytesOf(text);
  });
const HOSTILE = fc.oneof(MADE_UP, MUTATED, fc.uint8Array({ maxLength: 60 }));

/** A message, or null if it was refused as it may be. */
async function prepared(bytes: Uint8Array): Promise<WholeMessage | null> {
  try {
    return (await prepareMessage(bytes.slice(), OPTIONS)).message;
  } catch (error) {
    assert.ok(error instanceof MailqError, String(error));
    assert.ok(error.code === "bad_address" || error.code === "bad_message", error.code);
    assert.ok(error.message.length < 500);
    return null;
  }
}

/** The text of the lines that may name recipients or a sender, unfolded. */
function givenText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/\r\n|\r|\n/g, "");
}

Deno.test("fuzz: nothing but a refusal or sound mail comes of any input", async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(HOSTILE, async (bytes) => {
      const message = await prepared(bytes);
      if (message === null) return;
      taken++;
      const given = givenText(bytes);
      for (const address of [message.sender, ...message.recipients]) {
        assert.doesNotMatch(address, /[\p{Cc}\u2028\u2029]/u);
        assert.ok(new TextEncoder().encode(address).length <= 254);
        const bare = address.replace(/@host\.example$/, "");
        assert.ok(
          standsIn(given, bare) ||
            address === "cron@host.example",
          `${address} was given`,
        );
      }
      assert.equal(new Set(message.recipients).size, message.recipients.length);
      assert.doesNotMatch(textOf(message.content), /\r(?!\n)|(?<!\r)\n/);
      for (const text of Object.values(message.display)) assert.doesNotMatch(text ?? "", /\p{Cc}/u);
    }),
    { numRuns: 3_000 },
  );
  assert.ok(taken > 300, `only ${taken} were taken`);
});

Deno.test("fuzz: what is taken is one transaction of the addresses given, to the byte", async () => {
  await using wire = await Wire.open();
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(HOSTILE, async (bytes) => {
      const message = await prepared(bytes);
      if (message === null) return;
      taken++;
      const { sender, recipients, content } = message;
      assert.deepEqual(await wire.send(message), { sender, recipients, content });
    }),
    { numRuns: 600 },
  );
  assert.ok(taken > 60, `only ${taken} were taken`);
});

Deno.test("fuzz: a message in pieces becomes what it becomes as a whole", async () => {
  await fc.assert(
    fc.asyncProperty(HOSTILE, fc.nat(30), async (bytes, head) => {
      const whole = await prepared(bytes);
      async function* rest() {
        for (let at = head; at < bytes.length; at += 5) yield await bytes.slice(at, at + 5);
      }
      const large = prepareStream(bytes.slice(0, head), rest(), OPTIONS);
      if (whole === null) return void await assert.rejects(large, MailqError);
      const { message, pieces } = await large;
      const parts: number[] = [];
      for await (const piece of pieces) parts.push(...piece);
      assert.deepEqual(Uint8Array.from(parts), whole.content);
      assert.deepEqual([message.sender, message.recipients], [whole.sender, whole.recipients]);
    }),
    { numRuns: 500 },
  );
});

const TIME_PART = fc.constantFrom(
  ..."2026 -11 -22 -02 -30 T t 18 :00 :60 24 :00:00 Z z +01:00 -9999 +99:99 + - . ,5 1e9 NaN".split(
    " ",
  ),
  ..."Sun, Nov 22 W01 -W01-1 -326 0000 99999 infinity 15m 999999999999d 1.5h".split(" "),
  " ",
  "\t",
  "\u0660",
  "−",
);

Deno.test("fuzz: a time is a point in time near enough to be one, or refused", async () => {
  const time = fc.array(TIME_PART, { maxLength: 7 }).map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(time, async (text) => {
      try {
        const at = await parseTime(text, NOW);
        assert.ok(Number.isInteger(at), `${at}`);
        assert.ok(!Number.isNaN(new Date(at).getTime()));
      } catch (error) {
        assert.ok(error instanceof MailqError && error.code === "usage", String(error));
      }
    }),
    { numRuns: 3_000 },
  );
});

for (const name of ["Send-At", "Expires-In", "Priority"]) {
  Deno.test(`fuzz: whatever X-Mail-Queue-${name} says, the schedule is sound or refused`, async () => {
    const parts = fc.array(fc.oneof(TIME_PART, SCRAP), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(parts, async (parts) => {
        const value = parts.join("").replace(/[\r\n]/g, "");
        const text = `X-Mail-Queue-${name}: ${value}\r\nTo: a@x.test\r\n\r\n`;
        const message = await prepared(bytesOf(text));
        if (message === null) return;
        for (const at of [message.sendAt, message.expiresAt]) {
          assert.ok(at === null || Number.isSafeInteger(at), `${at}`);
        }
      }),
      { numRuns: 1_000 },
    );
  });
}
