import assert from "node:assert/strict";
import fc from "fast-check";
import { suggestName } from "../../../src/config/suggest.ts";
import { jsonlInputs } from "../../../src/intake/jsonl/inputs.ts";
import type { IntakeOptions } from "../../../src/intake/options.ts";
import { prepareMessage } from "../../../src/intake/prepare.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import type { WholeMessage } from "../../../src/queue/message.ts";
import { allOf, parse } from "../compose/drafts.ts";
import { intakeOptions, NOW } from "../intake_options.ts";

/** The messages that lines make. */
async function messagesOf(
  text: string | Uint8Array,
  changes: Partial<IntakeOptions> = {},
): Promise<WholeMessage[]> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  let at = 0;
  const source = {
    readSync(into: Uint8Array) {
      if (at === bytes.length) return null;
      const piece = bytes.subarray(at, at + into.length);
      into.set(piece);
      at += piece.length;
      return piece.length;
    },
  };
  const options = intakeOptions({ to: undefined, ...changes });
  const messages: WholeMessage[] = [];
  for await (const input of jsonlInputs("-", source, "", options, suggestName)) {
    const own = { ...options, ...input.options };
    messages.push((await prepareMessage(await allOf(input.read()), own)).message);
  }
  return messages;
}

async function messageOf(line: unknown, changes: Partial<IntakeOptions> = {}) {
  const [message] = await messagesOf(JSON.stringify(line), changes);
  assert(message !== undefined);
  return message;
}

const TO = { to: "ann@example.org" };

Deno.test("jsonl: every field reaches the message", async () => {
  const message = await messageOf({
    from: { name: "Cröw", address: "crow@example.org" },
    to: ["Ann <ann@example.org>, al@example.org", { name: "Bø", address: "bo@example.org" }],
    cc: "cc@example.org",
    bcc: [{ address: "bcc@example.org" }],
    reply_to: "reply@example.org",
    subject: "Grüße",
    text: "Hällo\n",
    html: "<b>Hällo</b>",
    headers: { "X-One": "1", "X-Many": ["a", "b"] },
    date: "2026-01-02T03:04:05Z",
    language: "pt-BR",
    sender: "bounces@example.org",
    priority: "high",
    send_at: "+2h",
    expires_in: "1d",
    tags: ["news", "march"],
    key: "k1",
    hold: true,
    attachments: [{ name: "ä.bin", base64: btoa("\0\xff"), type: "image/png", cid: "x1" }],
  });
  assert.equal(message.sender, "bounces@example.org");
  assert.deepEqual(
    message.recipients.map((address) => address.split("@")[0]),
    ["ann", "al", "bo", "cc", "bcc"],
  );
  assert.deepEqual([message.priority, message.isHeld, message.key], ["high", true, "k1"]);
  assert.deepEqual(message.tags, ["news", "march"]);
  assert.deepEqual([message.sendAt, message.expiresAt], [NOW + 7_200_000, NOW + 93_600_000]);
  const mail = await parse(message.content);
  assert.deepEqual([mail.from?.name, mail.subject, mail.text?.trim()], ["Cröw", "Grüße", "Hällo"]);
  assert.equal(mail.html?.trim(), "<b>Hällo</b>");
  assert.equal(mail.date, "2026-01-02T03:04:05.000Z");
  const values = (name: string) =>
    mail.headers.filter(({ key }) => key === name).map(({ value }) => value);
  assert.deepEqual(values("x-one").concat(values("x-many")), ["1", "a", "b"]);
  assert.deepEqual(values("content-language"), ["pt-BR"]);
  const [attachment] = mail.attachments;
  assert.deepEqual(
    [attachment?.filename, attachment?.mimeType, attachment?.contentId],
    ["ä.bin", "image/png", "<x1>"],
  );
  assert(attachment?.content instanceof ArrayBuffer);
  assert.deepEqual([...new Uint8Array(attachment.content)], [0, 255]);
  assert.doesNotMatch(new TextDecoder().decode(message.content), /bcc/i);
});

Deno.test("jsonl: a flag holds for the lines that do not say otherwise", async () => {
  const flags = {
    from: "flag@example.org",
    to: ["flag-to@example.org"],
    priority: "low",
    tags: ["flagged"],
    sendAt: NOW + 1,
    isHeld: true,
  } as const;
  const plain = await messageOf({ text: "x" }, flags);
  assert.deepEqual([plain.sender, plain.recipients], ["flag@example.org", ["flag-to@example.org"]]);
  assert.equal((await parse(plain.content)).from?.address, "flag@example.org");
  assert.deepEqual([plain.priority, plain.tags, plain.sendAt], ["low", ["flagged"], NOW + 1]);
  const line = { ...TO, from: "me@example.org", priority: "high", tags: "own", hold: false };
  const own = await messageOf({ ...line, send_at: "2026-12-24" }, flags);
  assert.deepEqual([own.sender, own.recipients], ["me@example.org", ["ann@example.org"]]);
  assert.deepEqual([own.priority, own.tags, own.isHeld], ["high", ["flagged", "own"], false]);
  const nobody = await messageOf(TO, { from: "<>" });
  assert.equal(nobody.sender, "");
  assert.equal((await parse(nobody.content)).from?.address, "cron@host.example");
});

Deno.test("jsonl: a whole message keeps its bytes", async () => {
  const raw = "From: a@example.org\r\nTo: b@example.org\r\nSubject: ü\r\n\r\nText\r\n";
  const text = (message: WholeMessage) =>
    new TextDecoder().decode(message.content).replace(/^(?:Message-ID|Date): .*\r\n/gm, "");
  const whole = await messageOf({ raw });
  assert.deepEqual([whole.sender, whole.recipients], ["a@example.org", ["b@example.org"]]);
  assert.equal(text(whole), raw);
  const latin = `${raw.replace("ü", "\xfc")}\xff\x00`;
  const odd = await messageOf({ raw_base64: btoa(latin), to: ["x@y.test"], from: "s@y.test" });
  assert.deepEqual([odd.sender, odd.recipients], ["s@y.test", ["x@y.test"]]);
  assert.deepEqual([...odd.content.slice(-4)], [255, 0, 13, 10]);
  const path = await Deno.makeTempFile({ suffix: ".eml" });
  try {
    await Deno.writeTextFile(path, raw);
    const file = await messageOf({ path, to: { address: "p@y.test" }, sender: "<>" });
    assert.deepEqual([file.sender, file.recipients, text(file)], ["", ["p@y.test"], raw]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("jsonl: blank lines, CRLF, a byte order mark and a missing last line end are no matter", async () => {
  const line = JSON.stringify(TO);
  const messages = await messagesOf(`\ufeff${line}\r\n\n  \n${line}\n${line}`);
  assert.equal(messages.length, 3);
  assert.deepEqual(await messagesOf(""), []);
});

const LIST = Array.from({ length: 100_000 }).reduce<string>((list) => `[${list}]`, "");
const BAD: readonly (readonly [line: string, message: RegExp])[] = [
  ["{", /^line 2: Cannot read it as JSON: /],
  ["hello", /^line 2: Cannot read it as JSON: /],
  ["[]", /^line 2: Cannot use a list: expected a JSON object$/],
  ["7", /^line 2: Cannot use 7: expected a JSON object$/],
  ["{}", /^line 2: to: expected an address in to, cc or bcc$/],
  ['{"to": []}', /^line 2: to: expected an address/],
  ['{"to": "a@b@c"}', /^line 2: to: Cannot use "a@b@c" in To: /],
  ['{"to": "a"}', /^line 2: to: Cannot use "a": expected a domain, as in name@example\.org$/],
  ['{"to": "a@b.c, Root <root>"}', /^line 2: to: Cannot use "root": expected a domain/],
  ['{"to": "a@b.c", "cc": {"address": "b"}}', /^line 2: cc: Cannot use "b": expected a domain/],
  ['{"to": "a@b.c", "bcc": ["d@e.f", "team: c;"]}', /^line 2: bcc: Cannot use "c": expected/],
  ['{"to": "a", "raw": "x"}', /^line 2: to: Cannot use "a": expected a domain/],
  ['{"to": 5}', /^line 2: to: Cannot use 5: expected an address/],
  ['{"to": ["a@b.c", 5]}', /^line 2: to: Cannot use 5/],
  ['{"to": [["a@b.c"]]}', /^line 2: to\[0\]: Cannot use a list: expected a JSON object$/],
  [`{"to": ${LIST}}`, /^line 2: to\[0\]: Cannot use a list/],
  ['{"to": {"adress": "a@b.c"}}', /^line 2: to\.adress: unknown field: did you mean address\?$/],
  ['{"to": {"name": "a"}}', /^line 2: to\.address: Cannot use "": expected an address$/],
  ['{"to": {"name": "a\\nb", "address": "a@b.c"}}', /^line 2: to: Cannot use "a\\nb"/],
  ['{"from": ["a@b.c", "d@e.f"], "to": "a@b.c"}', /^line 2: from: /],
  ['{"to": "a@b.c", "subjct": "x"}', /^line 2: subjct: unknown field: did you mean subject\?$/],
  ['{"to": "a@b.c", "zzz": 1}', /^line 2: zzz: unknown field: expected one of from, to, /],
  ['{"to": "a@b.c", "__proto__": 1}', /^line 2: __proto__: unknown field/],
  ['{"to": "a@b.c", "constructor": 1}', /^line 2: constructor: unknown field/],
  ['{"to": "a@b.c", "subject": "x\\r\\nBcc: e@e.e"}', /^line 2: subject: .*line end/],
  ['{"to": "a@b.c", "subject": 5}', /^line 2: subject: Cannot use 5: expected a text$/],
  ['{"to": "a@b.c", "priority": "urgent"}', /^line 2: priority: .*now, high, normal, low$/],
  ['{"to": "a@b.c", "send_at": "soon"}', /^line 2: send_at: Cannot read the time "soon"/],
  ['{"to": "a@b.c", "send_at": 1700000000}', /^line 2: send_at: .*expected a text$/],
  ['{"to": "a@b.c", "expires_in": "x"}', /^line 2: expires_in: /],
  ['{"to": "a@b.c", "tags": [1]}', /^line 2: tags: Cannot use 1/],
  ['{"to": "a@b.c", "tags": ["a\\u0000"]}', /^line 2: tags: /],
  ['{"to": "a@b.c", "key": ""}', /^line 2: key: /],
  ['{"to": "a@b.c", "key": "\\u0001x"}', /^line 2: key: /],
  ['{"to": "a@b.c", "hold": "yes"}', /^line 2: hold: Cannot use "yes": expected true or false$/],
  ['{"to": "a@b.c", "language": "de\\r\\nX: y"}', /^line 2: language: /],
  ['{"to": "a@b.c", "headers": {"Bcc": "e@e.e"}}', /^line 2: headers: .*Bcc/],
  ['{"to": "a@b.c", "headers": {"X-A": 5}}', /^line 2: headers: Cannot use 5/],
  ['{"to": "a@b.c", "headers": ["X"]}', /^line 2: headers: Cannot use a list: expected an object$/],
  ['{"to": "a@b.c", "attachments": [{}]}', /^line 2: attachments\[0\]: expected either path or/],
  ['{"to": "a@b.c", "attachments": [{"path": "a", "base64": ""}]}', /: expected either path or/],
  ['{"to": "a@b.c", "attachments": ["/no/such"]}', /^line 2: attachments: .*no such file/],
  ['{"to": "a@b.c", "attachments": [{"base64": "!", "name": "x"}]}', /\[0\]\.base64: .*"!"/],
  ['{"to": "a@b.c", "attachments": [{"base64": ""}]}', /^line 2: attachments\[0\]\.name: /],
  ['{"to": "a@b.c", "attachments": [{"filename": "x"}]}', /\[0\]\.filename: unknown field: /],
  ['{"raw": "a", "text": "b"}', /^line 2: text: cannot stand beside raw/],
  ['{"raw": "a", "path": "b"}', /^line 2: path: cannot stand beside raw/],
  ['{"raw": "a", "bcc": "b@c.d"}', /^line 2: bcc: .*put all recipients in to$/],
  ['{"raw": "To: a@b.c", "to": []}', /^line 2: to: expected an address$/],
  ['{"raw_base64": "*", "to": "a@b.c"}', /^line 2: raw_base64: .*base64$/],
  ['{"path": "/no/such.eml", "to": "a@b.c"}', /^line 2: path: .*no such file/],
  ['{"to": "a@b.c", "text": "\xff"}', /^line 2: Cannot read it as UTF-8/],
];

for (const [line, message] of BAD) {
  Deno.test(`jsonl: ${line.slice(0, 60)} is refused with its line and field`, async () => {
    const first = `${JSON.stringify(TO)}\n`;
    const bytes = Uint8Array.from(first + line, (char) => char.charCodeAt(0));
    await assert.rejects(messagesOf(bytes), (error) => {
      assert(error instanceof MailqError);
      assert.match(error.message, message);
      assert.equal(error.exit, error.code === "input_unreadable" ? 66 : 65);
      return true;
    });
  });
}

Deno.test("jsonl: no value of any field crashes it or adds an address", async () => {
  const names = ["from", "to", "cc", "bcc", "reply_to", "subject", "text", "html", "headers"]
    .concat(["attachments", "date", "language", "raw", "raw_base64", "sender", "priority"])
    .concat(["send_at", "expires_in", "tags", "key", "hold", "other"]);
  const value = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "a@b.test",
      "Ann <a@b.test>",
      "x\r\nBcc: eve@e.test",
      "+1h",
      "5d",
      "high",
      "de",
    ),
    fc.constantFrom(null, true, 0, -1, 1e99, [], {}, [[]]),
    fc.array(fc.constantFrom("a@b.test", "c@d.test")),
    fc.record({ name: fc.string({ unit: "binary" }), address: fc.constant("a@b.test") }),
    fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
    fc.jsonValue(),
  );
  const line = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 5 });
  const NAMED = /^(?:a@b\.test|c@d\.test|[^@]*@host\.example)$/;
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(line, fc.boolean(), async (fields, hasTo) => {
      const given = hasTo ? { ...fields, to: "a@b.test" } : fields;
      try {
        const message = await messageOf(given);
        taken++;
        if ("raw" in fields || "raw_base64" in fields) return;
        const strange = message.recipients.filter((address) => !NAMED.test(address));
        const written = JSON.stringify(given);
        assert.deepEqual(strange.filter((address) => !written.includes(address)), []);
      } catch (error) {
        if (!(error instanceof MailqError)) throw error;
        assert.ok([64, 65, 66].includes(error.exit), error.message);
        assert.match(error.message, /^(?:line 1: |Cannot )/);
      }
    }),
    { numRuns: 2_000 },
  );
  assert.ok(taken > 100, `only ${taken} were taken`);
});
