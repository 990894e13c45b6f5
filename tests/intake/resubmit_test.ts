import assert from "node:assert/strict";
import fc from "fast-check";
import { isAddress } from "../../src/intake/address/address_syntax.ts";
import type { IntakeSettings } from "../../src/intake/options.ts";
import { type Planner, prepareMessage } from "../../src/intake/prepare.ts";
import { prepareStream } from "../../src/intake/prepare_large.ts";
import { planResubmitted, type Resubmitted } from "../../src/intake/resubmit.ts";
import type { WholeMessage } from "../../src/queue/message.ts";
import { bytesOf, intakeOptions, NOW, textOf } from "./intake_options.ts";

const MESSAGE: Resubmitted = {
  id: "0123456789ab",
  sender: "ann@example.org",
  recipients: ["bob@example.org"],
  priority: "high",
  createdAt: NOW - 1_000,
  sendAt: NOW + 1_000,
  expiresAt: NOW + 2_000,
  isHeld: true,
  tags: ["one"],
  key: "ann:key",
  submitter: "ann",
  dsn: { ret: "full", envid: "e", recipients: [{ notify: ["never"], orcpt: null }] },
};
const TEXT = "Message-ID: <1@x>\r\nFrom: ann@example.org\r\nSubject: Hi\r\n\r\nText\r\n";

async function resubmit(
  changes: Partial<Resubmitted> = {},
  settings: Partial<IntakeSettings> = {},
  text = TEXT,
): Promise<WholeMessage> {
  const plan: Planner = (bytes, header, options) =>
    planResubmitted({ ...MESSAGE, ...changes }, bytes, header, options);
  const options = intakeOptions({}, settings);
  return (await prepareMessage(bytesOf(text), options, plan)).message;
}

Deno.test("planResubmitted: leaves a message that kept to the rules as it is", async () => {
  const { content, display, sizeBytes, dotLines, isEightBit, ...fields } = await resubmit();
  assert.deepEqual(fields, MESSAGE);
  assert.equal(textOf(content), TEXT);
  assert.equal(display.subject, "Hi");
  assert.deepEqual([sizeBytes, dotLines, isEightBit], [TEXT.length, 0, false]);
});

Deno.test("planResubmitted: ends a header that breaks off, whoever dropped it", async () => {
  const head = "Message-ID: <1@x>\r\nFrom: ann@example.org\r\n";
  const cases = [
    [`${head}text: \xff\r\nhello\r\n`, `${head}text: \xff\r\n\r\nhello\r\n`],
    [head, `${head}\r\n`],
    ["hello\r\r\n", "\r\nhello\r\n"],
  ];
  for (const [given, expected] of cases) {
    assert.equal(textOf((await resubmit({}, {}, given)).content), expected);
  }
});

Deno.test("planResubmitted: changes nothing of what intake made of any message", async () => {
  const body = fc.string({
    unit: fc.constantFrom("a", ".", "\r", "\n", "\xff", ":"),
    maxLength: 40,
  });
  await fc.assert(fc.asyncProperty(body, async (text) => {
    const input = bytesOf(`From: x@y.z\r\nX-Mail-Queue-Priority: low\r\n\r\n${text}`);
    const { message: first } = await prepareMessage(input, intakeOptions());
    const nobody = { dsn: null, submitter: null };
    const again = await resubmit({ ...first, ...nobody }, {}, textOf(first.content));
    assert.deepEqual(again, { ...first, ...nobody });
  }));
});

Deno.test("planResubmitted: streams large messages the same way", async () => {
  const plan: Planner = (bytes, header, options) =>
    planResubmitted(MESSAGE, bytes, header, options);
  const settings = { redirectTo: "test@example.org" };
  const head = bytesOf(TEXT);
  async function* rest() {
    for (let i = 0; i < 100; i++) yield await Promise.resolve(bytesOf(".line\n"));
  }
  const large = await prepareStream(head, rest(), intakeOptions({}, settings), plan);
  let text = "";
  for await (const piece of large.pieces) text += textOf(piece);
  assert.deepEqual(large.message.recipients, ["test@example.org"]);
  assert.equal(
    text,
    `X-Mail-Queue-Original-To: bob@example.org\r\n${TEXT}${".line\r\n".repeat(100)}`,
  );
  assert.equal(large.facts().dotLines, 100);
});

Deno.test("planResubmitted: bare line ends cannot smuggle a message", async () => {
  const { content } = await resubmit({}, {}, "Subject: x\r\n\r\na\n.\nMAIL FROM:<b@c.d>\r.\r");
  assert.equal(textOf(content), "Subject: x\r\n\r\na\r\n.\r\nMAIL FROM:<b@c.d>\r\n.\r\n");
});

const ADDRESSES = [
  "a@example.org,b@example.org",
  "a@example.org b@example.org",
  "Ann <a@example.org>",
  "<a@example.org>",
  "a@example.org\r\nRCPT TO:<b@example.org>",
  "a\0@example.org",
  "root",
  "a@b@c",
  "",
  " a@example.org",
  "group:a@example.org;",
  "a@example.org (Ann)",
  `${"a".repeat(250)}@example.org`,
];

for (const address of ADDRESSES) {
  Deno.test(`planResubmitted: ${JSON.stringify(address.slice(0, 50))} is no recipient`, async () => {
    await assert.rejects(resubmit({ recipients: [address] }), { code: "bad_address" });
  });
  if (address === "") continue;
  Deno.test(`planResubmitted: ${JSON.stringify(address.slice(0, 50))} is no sender`, async () => {
    await assert.rejects(resubmit({ sender: address }), { code: "bad_address" });
  });
}

Deno.test("planResubmitted: every address intake takes is taken again", async () => {
  const local = fc.string({
    unit: fc.constantFrom("a", "Z", "0", ".", "+", "=", "/", "'", "ü", "日", "!", "{"),
    minLength: 1,
    maxLength: 10,
  });
  const quoted = fc.string({ unit: fc.constantFrom("a", " ", "@", ",", "<", ";", "(", ":") })
    .map((text) => `"${text}"`);
  const address = fc.tuple(fc.oneof(local, quoted), fc.constantFrom("x.org", "bücher.de", "[::1]"))
    .map(([name, host]) => `${name}@${host}`).filter(isAddress);
  await fc.assert(fc.asyncProperty(address, async (text) => {
    let taken: WholeMessage;
    try {
      taken = (await prepareMessage(bytesOf(TEXT), intakeOptions({ to: [text] }))).message;
    } catch {
      return; // What intake does not take nobody hands in.
    }
    const { recipients } = await resubmit({ recipients: taken.recipients, dsn: null });
    assert.deepEqual(recipients, taken.recipients);
  }));
});

Deno.test("planResubmitted: the same recipient twice is refused", async () => {
  await assert.rejects(
    resubmit({ recipients: ["a@example.org", "a@EXAMPLE.org"], dsn: null }),
    { code: "bad_address" },
  );
});

Deno.test("planResubmitted: force_from holds, but a null sender stays null", async () => {
  const settings = { forceFrom: "cron@example.org" };
  assert.equal((await resubmit({}, settings)).sender, "cron@example.org");
  assert.equal((await resubmit({ sender: "" }, settings)).sender, "");
});

Deno.test("planResubmitted: redirect_to holds where it was passed over", async () => {
  const message = await resubmit({}, { redirectTo: "test@example.org" });
  assert.deepEqual(message.recipients, ["test@example.org"]);
  assert.equal(message.dsn, null);
  assert.equal(textOf(message.content), `X-Mail-Queue-Original-To: bob@example.org\r\n${TEXT}`);
});

Deno.test("planResubmitted: mail that was redirected keeps what it says of it", async () => {
  const text = `X-Mail-Queue-Original-To: bob@example.org\r\n${TEXT}`;
  const settings = { redirectTo: "test@example.org" };
  const message = await resubmit({ recipients: ["test@example.org"] }, settings, text);
  assert.equal(textOf(message.content), text);
});

Deno.test("planResubmitted: max_size holds", async () => {
  await assert.rejects(resubmit({}, { maxSizeBytes: TEXT.length - 1 }), { code: "bad_message" });
  await resubmit({}, { maxSizeBytes: TEXT.length });
});
