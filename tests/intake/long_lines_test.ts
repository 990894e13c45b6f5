import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { encodeLines, LongLineCounter } from "../../src/intake/long_lines.ts";
import { scanHeader } from "../../src/intake/header/headers.ts";
import { hasLongLine } from "../../src/intake/header/line_ends.ts";
import type { IntakeSettings } from "../../src/intake/options.ts";
import { prepareMessage } from "../../src/intake/prepare.ts";
import { prepareStream } from "../../src/intake/prepare_large.ts";
import { quotedPrintable } from "../../src/intake/quoted_printable.ts";
import { bytesOf, intakeOptions, textOf } from "./intake_options.ts";

/** A second reader of RFC 2045 6.7. */
function decoded(encoded: Uint8Array | string): string {
  const text = Buffer.from(encoded).toString("latin1").replace(/=\r\n/g, "");
  return text.replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

async function prepare(text: string, settings: Partial<IntakeSettings> = {}) {
  const { message, warnings } = await prepareMessage(bytesOf(text), intakeOptions({}, settings));
  assert.deepEqual(warnings, []);
  return { text: textOf(message.content), changes: message.changes };
}

const LONG = "a".repeat(5_000);
const FULL = "Message-ID: <a@b>\r\nDate: now\r\n";

Deno.test("long lines: only those over 998 octets count, whatever ends them", () => {
  const long = "x".repeat(999), fits = "y".repeat(998);
  const bytes = bytesOf(`${long}\n${fits}\r\n${long}\r${fits}\r\n${long}`);
  assert.equal(encodeLines(bytes, scanHeader(bytes))?.change, "encoded 3 long lines");
  assert.equal(hasLongLine(bytesOf(`${long}\n${fits}`), 1), false);
  assert.equal(hasLongLine(bytesOf(""), 0), false);
});

Deno.test("long lines: hasLongLine and the counter say what splitting says", () => {
  const length = fc.oneof(fc.nat(3), fc.integer({ min: 996, max: 1_001 }), fc.nat(2_500));
  fc.assert(fc.property(
    fc.array(length, { maxLength: 6 }),
    fc.constantFrom("\n", "\r\n", "\r"),
    fc.integer({ min: 1, max: 3_000 }),
    (lengths, lineEnd, cut) => {
      const lines = lengths.map((count) => "x".repeat(count));
      const long = lengths.filter((count) => count > 998).length;
      assert.equal(hasLongLine(bytesOf(lines.join(lineEnd)), 0), long > 0);
      const whole = bytesOf(lines.map((line) => `${line}\r\n`).join(""));
      const counter = new LongLineCounter();
      for (let at = 0; at < whole.length; at += cut) counter.push(whole.subarray(at, at + cut));
      assert.equal(counter.count, long);
    },
  ));
});

Deno.test("long lines: quoted-printable gives back every byte, in lines of at most 76 octets", () => {
  const byte = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(32, 9, 46, 61, 13, 10, 65),
  );
  fc.assert(fc.property(fc.array(byte, { maxLength: 600 }), (values) => {
    const encoded = quotedPrintable(Uint8Array.from(values));
    const wanted = Buffer.from(values).toString("latin1").replace(/\r\r\n|\r\n|\r|\n/g, "\r\n");
    assert.equal(decoded(encoded), wanted);
    for (const line of Buffer.from(encoded).toString("latin1").split("\r\n")) {
      assert.ok(line.length <= 76 && /^[\t\x20-\x7e]*$/.test(line) && !/[ \t]$/.test(line), line);
      assert.ok(!line.startsWith("."));
    }
  }));
});

const MIME = "MIME-Version: 1.0\r\n";
const QP = "Content-Transfer-Encoding: quoted-printable\r\n";
const typed = (charset: string) => `Content-Type: text/plain; charset=${charset}\r\n`;

for (
  const [what, header, body, wanted] of [
    ["no MIME", FULL, LONG, MIME + typed("us-ascii") + QP + FULL],
    ["no MIME, in UTF-8", FULL, `\xc3\xa9${LONG}`, MIME + typed("utf-8") + QP + FULL],
    ["no MIME, in 8-bit text", FULL, `\xe9${LONG}`, MIME + typed("unknown-8bit") + QP + FULL],
    [
      "8bit text of its own charset",
      `${MIME}Content-type: text/html;\r\n charset=koi8-r\r\ncontent-transfer-encoding: 8BIT (c)\r\n${FULL}`,
      `\xe9${LONG}`,
      `${MIME}Content-type: text/html;\r\n charset=koi8-r\r\n${QP}${FULL}`,
    ],
    [
      "text without MIME-Version",
      `Content-Type: text/plain\r\n${FULL}`,
      LONG,
      `${MIME}${QP}Content-Type: text/plain\r\n${FULL}`,
    ],
  ] as const
) {
  Deno.test(`long lines: ${what}: the text is encoded, and the fields say so`, async () => {
    const { text, changes } = await prepare(`${header}\r\none \n${body}\n.\n`);
    assert.ok(text.startsWith(`${wanted}\r\n`), text.slice(0, 400));
    assert.equal(decoded(text.slice(wanted.length + 2)), `one \r\n${body}\r\n.\r\n`);
    assert.deepEqual(changes, ["encoded 1 long line"]);
  });
}

Deno.test("long lines: text without a blank line above it is encoded whole", async () => {
  const { text } = await prepare(`${LONG}\nx\n`);
  const at = text.indexOf("\r\n\r\n") + 4;
  assert.match(text.slice(0, at), /^Content-Transfer-Encoding: quoted-printable\r$/m);
  assert.equal(decoded(text.slice(at)), `${LONG}\r\nx\r\n`);
});

for (
  const [what, header] of [
    ["DKIM signed it", `DKIM-Signature: v=1; h=from; b=x\r\n${FULL}`],
    ["ARC sealed it", `ARC-Message-Signature: i=1; h=from; b=x\r\n${FULL}`],
    ["S/MIME signed it", `Content-Type: multipart/signed; boundary=b\r\n${FULL}`],
    ["S/MIME holds it", `Content-Type: application/pkcs7-mime\r\n${FULL}`],
    ["it has parts", `Content-Type: multipart/mixed; boundary=b\r\n${FULL}`],
    ["it is no text", `Content-Type: application/pdf\r\n${FULL}`],
    ["it is encoded", `Content-Transfer-Encoding: base64\r\n${FULL}`],
    ["its type is told twice", `Content-Type: text/plain\r\nContent-Type: text/html\r\n${FULL}`],
  ] as const
) {
  Deno.test(`long lines: every byte stays where ${what}`, async () => {
    const given = `${header}\r\n${LONG}\r\n`;
    assert.deepEqual(await prepare(given), { text: given, changes: undefined });
  });
}

Deno.test("long lines: they stay by the setting, and where max_size leaves no room", async () => {
  const given = `${FULL}\r\n${LONG}\r\n`;
  assert.equal((await prepare(given, { longLines: "keep" })).text, given);
  const eightBit = `${FULL}\r\n${"\xe9".repeat(5_000)}\r\n`;
  assert.equal((await prepare(eightBit, { maxSizeBytes: eightBit.length })).text, eightBit);
});

Deno.test("long lines: of a message too large for memory they stay, and are told", async () => {
  async function* rest() {
    yield await Promise.resolve(bytesOf(`${LONG}\nshort\n${LONG}`));
  }
  const head = bytesOf(`${FULL}\r\nx\n`);
  const told = async (settings: Partial<IntakeSettings>, start = head) => {
    const large = await prepareStream(start, rest(), intakeOptions({}, settings));
    assert.deepEqual(large.lateWarnings(), [], "nothing is known yet");
    for await (const _ of large.pieces);
    return large.lateWarnings();
  };
  assert.deepEqual(await told({}), [
    "2 lines are over 998 bytes long, which relays may refuse; a message of over 1 MB stays as it is",
  ]);
  assert.deepEqual(await told({ longLines: "keep" }), []);
  assert.deepEqual(await told({}, bytesOf(`DKIM-Signature: b=x\r\n${FULL}\r\n`)), []);
});
