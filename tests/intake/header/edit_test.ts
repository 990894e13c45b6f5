import assert from "node:assert/strict";
import { childOk } from "../../support/child.ts";
import { editHeader, formatDate, signedNames } from "../../../src/intake/header/edit.ts";
import { scanHeader } from "../../../src/intake/header/headers.ts";
import { bytesOf, textOf } from "../intake_options.ts";

function edit(text: string, added: { name: string; value: string }[] = []) {
  const bytes = bytesOf(text);
  return textOf(editHeader(bytes, scanHeader(bytes), added));
}

const DATE = [{ name: "Date", value: "today" }];
const CASES: readonly [string, string, string, string][] = [
  ["drops Bcc", "A: 1\nBcc: x@y\n z@w\nB: 2\n\nBcc: body\n", "A: 1\nB: 2\n\nBcc: body\n", ""],
  ["drops Resent-Bcc", "resent-bcc: x\r\nA: 1\r\n\r\n", "A: 1\r\n\r\n", ""],
  ["drops X-Mail-Queue-*", "x-mail-queue-Priority: now\nA: 1\n\n", "A: 1\n\n", ""],
  ["drops every one of them", "Bcc: a\nBcc : b\nBCC:c", "\r\n", ""],
  ["joins no CR with an LF", "A: 1\rBcc: x\rBcc: y\n\nB", "A: 1\r\n\nB", ""],
  ["drops an mbox line", "From a@b Mon\nA: 1\n\n", "A: 1\n\n", ""],
  ["keeps all other bytes", "A:\0\xff 1\rB \t: 2\n\n\xfe", "A:\0\xff 1\rB \t: 2\n\n\xfe", ""],
  ["adds at the top", "A: 1\n\nx", "Date: today\r\nA: 1\n\nx", "Date"],
  ["adds a blank line to text without header", "hello\n", "Date: today\r\n\r\nhello\n", "Date"],
  ["needs none where the text begins with one", "\nhello\n", "Date: today\r\n\nhello\n", "Date"],
  ["adds below no mbox line", "From a\nA: 1\n\n", "Date: today\r\nA: 1\n\n", "Date"],
  [
    "puts a blank line between fields and text",
    "A: 1\nhello\nB: 2\n",
    "A: 1\n\r\nhello\nB: 2\n",
    "",
  ],
  ["puts one below a header that is all", "A: 1\r\n", "A: 1\r\n\r\n", ""],
  ["ends a last field first", "A: 1", "A: 1\r\n\r\n", ""],
  ["makes no CR CR LF of a last CR", "A: 1\r", "A: 1\r\n\r\n", ""],
  [
    "puts one above text that begins with a broken field",
    "A: 1\n\xfc: 2\n",
    "A: 1\n\r\n\xfc: 2\n",
    "",
  ],
  ["puts one in where Bcc was the last field", "A: 1\rBcc: x\nhello", "A: 1\r\n\r\nhello", ""],
  ["keeps what was a line end of its own", "A: 1\rBcc: x\r\n\r\r\ny", "A: 1\r\n\r\r\ny", ""],
  ["takes CR CR LF for a blank line", "A: 1\r\r\n\r\r\nx", "A: 1\r\r\n\r\r\nx", ""],
  ["makes a header of nothing", "", "Date: today\r\n\r\n", "Date"],
];

for (const [name, from, to, added] of CASES) {
  Deno.test(`editHeader: ${name}`, () => assert.equal(edit(from, added === "" ? [] : DATE), to));
}

Deno.test("editHeader: gives the same array where nothing changes", () => {
  const bytes = bytesOf("A: 1\r\n\r\nbody");
  assert.equal(editHeader(bytes, scanHeader(bytes), []), bytes);
});

Deno.test("signedNames: reads h= of every DKIM signature, folded or not", () => {
  const bytes = bytesOf(
    "DKIM-Signature: v=1; a=rsa-sha256; h=From : To:\r\n\t DATE\r\n :subject; b=h=x\n" +
      "dkim-signature: h=Message-ID;bh=sender\nX: h=cc\n",
  );
  assert.deepEqual([...signedNames(bytes, scanHeader(bytes))], [
    "from",
    "to",
    "date",
    "subject",
    "message-id",
  ]);
});

Deno.test("formatDate: writes RFC 5322 and means the same instant", () => {
  for (const time of [0, Date.UTC(2026, 1, 3, 4, 5, 6), Date.UTC(2026, 6, 31, 23, 59, 59)]) {
    const text = formatDate(time);
    assert.match(
      text,
      /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat), \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/,
    );
    assert.equal(Date.parse(text), time);
  }
});

Deno.test("formatDate: gives the local zone's offset, halves of hours too", async () => {
  const url = new URL("../../../src/intake/header/edit.ts", import.meta.url).href;
  const code = `const { formatDate } = await import("${url}"); console.log(formatDate(0));`;
  const expected = {
    "Asia/Kolkata": "Thu, 1 Jan 1970 05:30:00 +0530",
    "America/St_Johns": "Wed, 31 Dec 1969 20:30:00 -0330",
    UTC: "Thu, 1 Jan 1970 00:00:00 +0000",
  };
  await Promise.all(
    Object.entries(expected).map(async ([zone, text]) => {
      const env = { TZ: zone };
      const stdout = await childOk([Deno.execPath(), "eval", "--quiet", code], { env });
      assert.equal(stdout.trim(), text);
    }),
  );
});
