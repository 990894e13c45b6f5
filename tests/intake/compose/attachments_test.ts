import assert from "node:assert/strict";
import type { Attachment } from "../../../src/intake/compose/draft.ts";
import { composeMessage } from "../../../src/intake/compose/compose.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { allOf, draftOf, fieldNames, longestLine, parse, take, tools } from "./drafts.ts";

/** Bytes that no encoding but base64 could carry, and no two of one length alike. */
function noise(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let at = 0, state = count; at < count; at++) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    bytes[at] = state >> 16;
  }
  return bytes;
}

function attachment(name: string, bytes: Uint8Array, changes: Partial<Attachment> = {}) {
  return { name, type: null, cid: null, content: { bytes }, ...changes };
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mailq-attach-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function contentOf(found: { readonly content: unknown } | undefined): Uint8Array {
  assert(found?.content instanceof ArrayBuffer);
  return new Uint8Array(found.content);
}

const NAMES = [
  "report.pdf",
  "größe 1.pdf",
  "日本語のとても長いファイル名です、本当に長い名前なので折り返しが必要になります.txt",
  `a"quote\\and'more; x=y.csv`,
  "no-ending",
  `${"long-".repeat(40)}.png`,
  "..",
  "%41 100%.txt",
];

for (const name of NAMES) {
  Deno.test(`attachments: ${JSON.stringify(name.slice(0, 30))} keeps its name and its bytes`, async () => {
    const bytes = noise(4_000);
    const mail = await take(draftOf({ attachments: [attachment(name, bytes)] }));
    assert.ok(longestLine(mail.bytes) <= 998);
    const { attachments, text } = await parse(mail.bytes);
    assert.equal(text?.trim(), "Text");
    assert.deepEqual(attachments.map(({ filename }) => filename), [name]);
    assert.deepEqual(contentOf(attachments[0]), bytes);
    assert.equal(attachments[0]?.disposition, "attachment");
  });
}

Deno.test("attachments: the content type comes from the name, unless it is given", async () => {
  const cases = [
    ["a.pdf", null, "application/pdf"],
    ["a.PNG", null, "image/png"],
    ["a.csv", null, "text/csv"],
    ["a.unknown", null, "application/octet-stream"],
    ["a.bin", "application/x-own", "application/x-own"],
  ] as const;
  const attachments = cases.map(([name, type]) => attachment(name, noise(10), { type }));
  const mail = await parse((await take(draftOf({ attachments }))).bytes);
  assert.deepEqual(
    mail.attachments.map(({ mimeType }) => mimeType),
    cases.map(([, , type]) => type),
  );
});

Deno.test("attachments: inline files are found by the html under their Content-ID", async () => {
  const attachments = [
    attachment("logo.png", noise(100), { cid: "logo.png" }),
    attachment("report.pdf", noise(200)),
  ];
  const html = '<img src="cid:logo.png">Hi';
  const { bytes } = await take(draftOf({ html, attachments }));
  const [logo, report] = (await parse(bytes)).attachments;
  assert.deepEqual([logo?.contentId, logo?.disposition], ["<logo.png>", "inline"]);
  assert.equal(logo?.related, true);
  assert.deepEqual([report?.contentId, report?.disposition], [undefined, "attachment"]);
  assert.match(new TextDecoder().decode(bytes), /multipart\/related/);
});

Deno.test("attachments: a mail is attached as a mail, unless its lines forbid it", async () => {
  const mail = "Subject: inner\r\nTo: x@y.test\r\n\r\nGrüße\r\n";
  const encoder = new TextEncoder();
  const plain = await take(draftOf({ attachments: [attachment("a.eml", encoder.encode(mail))] }));
  assert.match(new TextDecoder().decode(plain.bytes), /Content-Type: message\/rfc822.*\r\n/);
  assert.ok(new TextDecoder().decode(plain.bytes).includes(mail));
  for (const odd of [`${mail}${"x".repeat(999)}`, `${mail}\0`, `${mail}a\rb`]) {
    const inner = encoder.encode(odd);
    const { bytes } = await take(draftOf({ attachments: [attachment("a.eml", inner)] }));
    const { attachments } = await parse(bytes);
    assert.equal(attachments[0]?.mimeType, "application/octet-stream");
    assert.deepEqual(contentOf(attachments[0]), inner);
    assert.ok(longestLine(bytes) <= 998);
  }
});

Deno.test("attachments: the header is ours, each field once", async () => {
  const drafts = [
    draftOf({ attachments: [attachment("a.pdf", noise(10))] }),
    draftOf({ text: null, html: "<br>", attachments: [attachment("a", noise(9), { cid: "a" })] }),
    draftOf({ text: "", attachments: [attachment("a.pdf", noise(10))] }),
  ];
  for (const draft of drafts) {
    const names = fieldNames((await take(draft)).bytes);
    assert.equal(new Set(names).size, names.length, names.join());
    assert.deepEqual(names.slice(0, 5), ["message-id", "date", "from", "to", "subject"]);
    assert.ok(names.includes("mime-version") && names.includes("content-type"));
  }
});

Deno.test("attachments: a file of 20 MB comes out whole, in pieces", () =>
  withFolder(async (folder) => {
    const path = `${folder}/large.bin`;
    const bytes = noise(20 * 1024 * 1024);
    await Deno.writeFile(path, bytes);
    const draft = draftOf({
      attachments: [{ ...attachment("large.bin", bytes), content: { path } }],
    });
    const composed = await composeMessage(draft, tools);
    assert.equal(composed.bytes.kind, "large");
    const all = await allOf(composed.bytes);
    if (composed.bytes.kind === "large") composed.bytes.close();
    assert.ok(longestLine(all) <= 998);
    const found = contentOf((await parse(all)).attachments[0]);
    assert.equal(found.length, bytes.length);
    assert.ok(found.every((byte, at) => byte === bytes[at]));
  }));

Deno.test("attachments: what goes wrong is told, and leaves no file open", () =>
  withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/there`, noise(2_000));
    const there = { ...attachment("there", noise(0)), content: { path: `${folder}/there` } };
    const at = (path: string) => ({ ...there, content: { path } });
    const cases: readonly (readonly [Attachment[], number, RegExp])[] = [
      [[there, at(`${folder}/gone`)], 66, /^--attachments: Cannot read ".*gone": there is no such/],
      [[there, at(folder)], 66, /it is a folder/],
      [[there, { ...there, name: "a\r\nX: y" }], 65, /"a\\r\\nX: y": it has a line end/],
      [[there, { ...there, type: "text/plain\r\nX: y" }], 65, /content type/],
      [[there, { ...there, type: "multipart/mixed" }], 65, /content type "multipart\/mixed"/],
      [[{ ...there, cid: "my logo" }], 65, /"my logo" as a Content-ID/],
      [[{ ...there, cid: "a>\r\nX: y" }], 65, /as a Content-ID/],
      [[{ ...there, cid: "a" }, { ...there, cid: "a" }], 65, /"a" for two inline files/],
    ];
    for (const [attachments, exit, message] of cases) {
      await assert.rejects(composeMessage(draftOf({ attachments }), tools), (error) => {
        assert(error instanceof MailqError);
        assert.deepEqual([error.exit, message.test(error.message)], [exit, true], error.message);
        return true;
      });
    }
    // Over max_size by its files alone: told before any is read.
    const small = { ...tools, settings: { ...tools.settings, maxSizeBytes: 2_500 } };
    await assert.rejects(
      composeMessage(draftOf({ attachments: [there] }), small),
      /at least \d+ bytes: max_size is 2500 bytes/,
    );
  }));

Deno.test("attachments: a path is a file's, never an address of the web", async () => {
  for (const path of ["http://127.0.0.1:1/x", "data:text/plain,hello", "file:///etc/passwd"]) {
    const draft = draftOf({ attachments: [{ ...attachment("x", noise(0)), content: { path } }] });
    await assert.rejects(composeMessage(draft, tools), /there is no such file/);
  }
});
