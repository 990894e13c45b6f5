import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePreview } from "../../src/display/preview/parse.ts";
import type { Preview, PreviewLimits } from "../../src/display/preview/preview.ts";
import { PREVIEW_LIMITS, Previewer, previewMessage } from "../../src/display/preview/previewer.ts";
import { leastCpuMs } from "../support/cpu_time.ts";

const MB = 1024 * 1024;
const encoder = new TextEncoder();
/** Whatever else the machine has to do. */
const PATIENT = { timeoutMs: 60_000 };

function lines(...all: readonly string[]): Uint8Array<ArrayBuffer> {
  return encoder.encode(all.join("\r\n"));
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await bytes.subarray(at, at + size);
}

const INVOICE = lines(
  "Received: from a by b",
  "Received: from c by d",
  "Subject: =?utf-8?q?Rechnung_f=C3=BCr?= =?utf-8?q?_M=C3=A4rz?=",
  "From: =?iso-8859-1?Q?J=F6rg?= <joerg@shop.test>",
  "MIME-Version: 1.0",
  "Content-Type: multipart/mixed; boundary=outer",
  "",
  "--outer",
  "Content-Type: multipart/alternative; boundary=inner",
  "",
  "--inner",
  "Content-Type: text/plain; charset=iso-8859-1",
  "Content-Transfer-Encoding: quoted-printable",
  "",
  "Gr=FC=DFe",
  "--inner",
  "Content-Type: text/html; charset=utf-8",
  "",
  "<style>p {}</style><h1>Grüße</h1><p>Bitte <a href='https://evil.test/'>zahlen</a>.</p>",
  "<script>alert(1)</script><table><tr><td>1</td><td>Euro</td></tr></table><img src=x>",
  "--inner--",
  "--outer",
  "Content-Type: application/pdf",
  "Content-Disposition: attachment; filename*=utf-8''Rechnung%20%E2%82%AC.pdf",
  "Content-Transfer-Encoding: base64",
  "",
  btoa("x".repeat(300)),
  "--outer--",
  "",
);

Deno.test("preview: headers in order, text, text of HTML, attachments", async () => {
  for (const source of [INVOICE, inPieces(INVOICE, 100)]) {
    const preview = await previewMessage(source, PATIENT);
    assert.deepEqual(preview.headers.slice(0, 4), [
      ["Received", "from a by b"],
      ["Received", "from c by d"],
      ["Subject", "Rechnung für März"],
      ["From", "Jörg <joerg@shop.test>"],
    ]);
    assert.equal(preview.text?.trim(), "Grüße");
    assert.match(
      preview.html ?? "",
      /^Grüße\n+Bitte zahlen \[1 evil\.test\]\.[^]*^1 +Euro$[^]*^\[1\] https:\/\/evil\.test\/$/m,
    );
    assert.doesNotMatch(preview.html ?? "", /alert|style|<|src/);
    assert.deepEqual(preview.attachments, [
      { name: "Rechnung €.pdf", type: "application/pdf", sizeBytes: 300, isCut: false },
    ]);
    assert.deepEqual([preview.isCut, preview.failure], [false, null]);
  }
});

Deno.test("preview: a mail without HTML, without text, without anything", async () => {
  using previewer = new Previewer();
  const plain = await previewer.preview(lines("Subject: x", "", "hello", ""), PATIENT);
  assert.deepEqual([plain.text?.trim(), plain.html], ["hello", null]);
  const html = await previewer.preview(
    lines("Content-Type: text/html", "", "<p>hello</p>"),
    PATIENT,
  );
  assert.deepEqual([html.text, html.html], [null, "hello"]);
  const none = await previewer.preview(new Uint8Array(), PATIENT);
  assert.deepEqual([none.headers, none.text?.trim() || null, none.isCut], [[], null, false]);
});

Deno.test("preview: of 25 MB only the beginning is read, and shown", async () => {
  const start = encoder.encode(
    INVOICE.length === 0 ? "" : new TextDecoder().decode(INVOICE).replace(/--outer--\r\n$/, ""),
  );
  const attached = lines(
    "--outer",
    "Content-Type: image/png; name=big.png",
    "Content-Transfer-Encoding: base64",
    "",
    "",
  );
  const line = encoder.encode(`${"QUJD".repeat(19)}\r\n`);
  let read = 0;
  const source = (async function* () {
    for await (const piece of [start, attached]) yield piece;
    while (read < 25 * MB) {
      const piece = new Uint8Array(line.length * 3_000);
      for (let at = 0; at < piece.length; at += line.length) piece.set(line, at);
      read += piece.length;
      yield piece;
    }
  })();
  const preview = await previewMessage(source, PATIENT);
  assert(read < MB, `${read} bytes were read`);
  assert.equal(preview.text?.trim(), "Grüße");
  assert.deepEqual(preview.attachments.map(({ name, isCut }) => [name, isCut]), [
    ["Rechnung €.pdf", false],
    ["big.png", true],
  ]);
  assert(preview.attachments.every(({ sizeBytes }) => sizeBytes <= PREVIEW_LIMITS.maxBytes));
  assert.equal(preview.isCut, true);
});

const HALF_MB = MB / 2;

/** What is sent to stumble a reader. */
const HOSTILE: Readonly<Record<string, string>> = {
  "parts within parts": Array.from(
    { length: 5_000 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  ).join(""),
  "mails within mails": "Content-Type: message/rfc822\r\n\r\n".repeat(20_000) + "hello",
  "10,000 parts": "Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
    "--b\r\nContent-Type: image/png\r\n\r\nx\r\n".repeat(10_000),
  "1 MB of fields": "X-A: y\r\n".repeat(MB / 8) + "\r\nhello",
  "1 MB of one field": `Subject: ${"=?utf-8?B?aGVsbG8=?= ".repeat(MB / 21)}\r\n\r\nhello`,
  "1 MB of addresses": `To: ${'"<(,:'.repeat(MB / 5)}\r\n\r\nhello`,
  "1 MB of parameters": `Content-Type: text/plain${"; a*0=b".repeat(MB / 7)}\r\n\r\nhello`,
  "a charset nobody knows": "Content-Type: text/plain; charset=x-no-99\r\n\r\nh\xff\xfeello",
  "a charset that is no name": "Content-Type: text/plain; charset*0*=''%00\r\n\r\nhello",
  "one line": `Subject: x\r\n\r\n${"x".repeat(MB)}`,
  "no line end": "x".repeat(MB),
  "NULs": "\0".repeat(HALF_MB),
  "line ends": "\r\n".repeat(HALF_MB),
  "carriage returns": `Subject: x\r\n\r\n${"\r".repeat(HALF_MB)}`,
  "boundaries": 'Content-Type: multipart/mixed; boundary=""\r\n\r\n' + "--\r\n".repeat(99_999),
  "HTML within HTML": `Content-Type: text/html\r\n\r\n${"<div>".repeat(100_000)}hello`,
  "tables within tables": `Content-Type: text/html\r\n\r\n${"<table><tr><td>".repeat(30_000)}hello`,
  "lists within lists": `Content-Type: text/html\r\n\r\n${"<ul><li>".repeat(60_000)}hello`,
  "quotes within quotes": `Content-Type: text/html\r\n\r\n${"<blockquote>".repeat(40_000)}hello`,
  "cells that span millions":
    "Content-Type: text/html\r\n\r\n<table><tr><td colspan=99999999>x<td rowspan=1e9>y</table>",
  "a table of 10,000 columns": `Content-Type: text/html\r\n\r\n<table><tr>${"<td>".repeat(30_000)}`,
  "a colspan of millions":
    "Content-Type: text/html\r\n\r\n<table><tr><td colspan=99999999 rowspan=99999999>x</table>",
  "angle brackets": `Content-Type: text/html\r\n\r\n${"<".repeat(HALF_MB)}`,
  "comments": `Content-Type: text/html\r\n\r\n${"<!--".repeat(100_000)}`,
  "entities": `Content-Type: text/html\r\n\r\n${"&#1114112;&lt".repeat(30_000)}`,
};

for (const [what, text] of Object.entries(HOSTILE)) {
  Deno.test(`preview: ${what} end in time with something to show`, async () => {
    const bytes = encoder.encode(text);
    const startedAt = performance.now();
    const preview = await previewMessage(bytes, { timeoutMs: 2_000 });
    const tookMs = performance.now() - startedAt;
    // The time limit is the thread's; what it was late by is the machine's.
    assert(tookMs < 10_000, `${tookMs} ms`);
    assertWithin(preview, PREVIEW_LIMITS);
  });
}

function assertWithin(preview: Preview, limits: PreviewLimits): void {
  assert(preview.headers.length <= limits.maxHeaders);
  assert(preview.attachments.length <= limits.maxAttachments);
  assert((preview.text?.length ?? 0) <= limits.maxChars);
  assert((preview.html?.length ?? 0) <= limits.maxChars);
  for (const [name, value] of preview.headers) {
    assert(name.length + value.length <= limits.maxChars);
  }
}

Deno.test("preview: what takes too long is given up, shown as it is, and the next one goes on", async () => {
  using previewer = new Previewer();
  const slow = lines(
    "Subject: slow",
    " and folded",
    "Content-Type: text/plain",
    "",
    ..."all work ".repeat(9_999).split(" "),
  );
  const preview = await previewer.preview(slow, { timeoutMs: 0 });
  assert.match(preview.failure ?? "", /could not be taken apart within 0 ms/);
  assert.deepEqual(preview.headers, [["Subject", "slow and folded"], [
    "Content-Type",
    "text/plain",
  ]]);
  assert.match(preview.text ?? "", /^all\nwork\n/);
  const next = await previewer.preview(lines("Subject: y", "", "hello"), PATIENT);
  assert.deepEqual([next.text?.trim(), next.failure], ["hello", null]);
});

Deno.test("preview: one that is given up makes way for the next", async () => {
  using previewer = new Previewer();
  const stop = new AbortController();
  const first = previewer.preview(lines("Subject: x", "", "hello"), {}, stop.signal);
  const second = previewer.preview(lines("Subject: y", "", "hello"), PATIENT);
  stop.abort(new Error("moved on"));
  await assert.rejects(first, /moved on/);
  assert.deepEqual((await second).headers, [["Subject", "y"]]);
  await assert.rejects(previewer.preview(INVOICE, {}, AbortSignal.abort(new Error("no"))), /no/);
});

Deno.test("preview: an error of the source is the caller's", async () => {
  const source = (async function* () {
    yield await lines("Subject: x");
    throw new Error("a part is missing");
  })();
  await assert.rejects(previewMessage(source), /a part is missing/);
});

Deno.test("preview: typing does not wait while a mail is taken apart", async () => {
  const text = HOSTILE["mails within mails"] ?? "";
  const bytes = encoder.encode(text);
  const ownMs = await leastCpuMs(() => previewMessage(bytes, { timeoutMs: 2_000 }));
  assert(ownMs < 150, `${ownMs} ms of the time of the thread that is typed at`);
});

Deno.test("preview: any bytes give something within the limits", async () => {
  const limits = { ...PREVIEW_LIMITS, maxBytes: 4_096, maxChars: 100, maxHeaders: 3 };
  const part = fc.constantFrom(
    "Content-Type: multipart/mixed; boundary=b",
    "Content-Type: text/html; charset=utf-7",
    "Content-Type: message/rfc822",
    "Content-Transfer-Encoding: base64",
    "Content-Transfer-Encoding: quoted-printable",
    'Content-Disposition: attachment; filename="=?utf-8?b?/w==?="',
    "Subject: =?utf-8?q?=",
    "--b",
    "--b--",
    "",
    "<table><td colspan=-1><a href=javascript:x>&amp",
    "====",
    " folded",
  );
  const mail = fc.array(fc.oneof(part, fc.string({ unit: "binary", maxLength: 20 })));
  await fc.assert(
    fc.asyncProperty(mail, async (some) => {
      const bytes = lines(...some);
      const preview = await parsePreview({ bytes, isCut: false, limits });
      assertWithin(preview, limits);
    }),
    { numRuns: 300 },
  );
});

/** The text of an HTML mail. */
async function textOf(html: string): Promise<string> {
  using previewer = new Previewer();
  const mail = `Content-Type: text/html; charset=utf-8\r\n\r\n${html}`;
  return (await previewer.preview(new TextEncoder().encode(mail))).html ?? "";
}

Deno.test("preview: a table stands in columns, one for the layout cell under cell", async () => {
  const table = "<table><tr><th>Item</th><th>Price</th></tr>" +
    "<tr><td>Pencil case</td><td>12,50</td></tr><tr><td>Pen</td><td>1,50</td></tr></table>";
  assert.equal(
    await textOf(table),
    ["Item          Price", "Pencil case   12,50", "Pen           1,50"].join("\n"),
  );
  const layout = `<table><tr><td>Hello</td><td>Ann</td></tr><tr><td>${table}</td></tr></table>`;
  assert.match(await textOf(layout), /^Hello\n+Ann\n+Item +Price\nPencil case +12,50\nPen +1,50$/);
});

Deno.test("preview: a link shows where it leads, and its address stands at the end", async () => {
  const long = `https://track.test/${"x".repeat(300)}`;
  const html = `<a href="${long}">Pay <b>now</b></a> or <a href="https://bank.test/a">here</a>, ` +
    `or <a href="${long}">again</a>. <a href="https://bank.test/">https://bank.test/</a> ` +
    `<a href="mailto:ann@bank.test">ann@bank.test</a> <a href="#top">up</a> <a>none</a>`;
  assert.equal(
    await textOf(html),
    "Pay now [1 track.test] or here [2 bank.test], or again [1 track.test]. https://bank.test/ " +
      `ann@bank.test up none\n\n[1] ${long}\n[2] https://bank.test/a`,
  );
  // The text of a link may be another's address.
  assert.match(
    await textOf('<a href="https://evil.test/">https://bank.test/</a>'),
    /^https:\/\/bank\.test\/ \[1 evil\.test\]\n/,
  );
});
