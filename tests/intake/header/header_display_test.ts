import assert from "node:assert/strict";
import type { AddedField } from "../../../src/intake/header/edit.ts";
import { readDisplay } from "../../../src/intake/header/header_display.ts";
import { scanHeader } from "../../../src/intake/header/headers.ts";
import { bytesOf } from "../intake_options.ts";

const ADDED: AddedField = { name: "Message-ID", value: "<added@z>" };

function displayOf(text: string, ...added: AddedField[]) {
  const bytes = bytesOf(text);
  return readDisplay(bytes, scanHeader(bytes), added);
}

for (
  const [name, text, expected] of [
    ["unfolded", "Subject: one\r\n two\r\n\tthree\r\n", "one two three"],
    ["decoded", "Subject: =?utf-8?q?J=C3=B6rg?= =?utf-8?q?!?=\n", "Jörg!"],
    ["UTF-8", "Subject: J\xc3\xb6rg\n", "Jörg"],
    ["with bad bytes replaced", "Subject: J\xf6rg\n", "J\ufffdrg"],
    ["with NUL replaced", "Subject: a\0b\n", "a\ufffdb"],
    ["with escapes replaced", "Subject: a\x1b[31mb\x7f\n", "a\ufffd[31mb\ufffd"],
    ["without an encoded line end", "Subject: =?utf-8?q?a=0D=0ABcc:_x?=\n", "a Bcc: x"],
    ["the first of two", "Subject: a\nSubject: b\n", "a"],
    ["empty", "Subject:\n", ""],
    ["absent", "X: y\n", null],
  ] as const
) {
  Deno.test(`readDisplay: the subject ${name}`, async () => {
    assert.equal((await displayOf(text)).subject, expected);
  });
}

Deno.test("readDisplay: at most 1,000 characters, none of them half", async () => {
  const { subject } = await displayOf(`Subject: x${"\xf0\x9f\x98\x80".repeat(5000)}\n`);
  assert.equal(subject, "x" + "😀".repeat(499));
  const words = Array.from({ length: 300 }, () => "=?utf-8?q?=F0=9F=98=80=C3=A9?=").join("\n ");
  assert.equal((await displayOf(`To: ${words}\n`)).to?.length, 900);
});

Deno.test("readDisplay: From, To and Message-ID as they stand", async () => {
  const text = 'From: "B, J" <a@b>\nTo: c@d, e@f\nMessage-Id: <x@y>\n';
  assert.deepEqual(await displayOf(text, ADDED), {
    subject: null,
    from: '"B, J" <a@b>',
    to: "c@d, e@f",
    messageId: "<x@y>",
  });
  assert.equal((await displayOf("A: b\n", ADDED)).messageId, "<added@z>");
  assert.equal((await displayOf("A: b\n")).messageId, null);
  assert.equal((await displayOf("Message-ID: \n")).messageId, null);
});
