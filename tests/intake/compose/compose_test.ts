import assert from "node:assert/strict";
import { MailqError } from "../../../src/queue/errors.ts";
import type { Draft } from "../../../src/intake/compose/draft.ts";
import { NOW } from "../intake_options.ts";
import { draftOf, fieldNames, longestLine, parse, take } from "./drafts.ts";

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

Deno.test("composeMessage: a plain message, to the letter", async () => {
  const { bytes } = await take(draftOf());
  assert.equal(
    textOf(bytes).replace(/^Message-ID: .*\r\nDate: .*\r\n/, ""),
    "From: ann@example.org\r\nTo: rcpt@example.org\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n" +
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nText\r\n",
  );
});

Deno.test("composeMessage: all fields reach the reader as they were given", async () => {
  const { bytes, recipients, sender } = await take(draftOf({
    from: { name: "Ann Çelik", address: "ann@example.org" },
    to: ["Jörg Müller <j@example.org>, root@example.org", { name: null, address: "x@y.test" }],
    cc: ['"Doe, \\"J\\"" <doe@example.org>'],
    bcc: ["Hidden <hidden@example.org>"],
    replyTo: ["答え <reply@example.org>"],
    subject: "Grüße 日本語 🎉 and more",
    headers: [{ name: "X-Ticket", value: " 4711 " }],
    date: NOW - 86_400_000,
    text: "Grüße\n.\nFrom here\n",
  }));
  const mail = await parse(bytes);
  assert.deepEqual([mail.from?.name, mail.from?.address], ["Ann Çelik", "ann@example.org"]);
  assert.deepEqual(mail.to?.map(({ name, address }) => [name, address]), [
    ["Jörg Müller", "j@example.org"],
    ["", "root@example.org"],
    ["", "x@y.test"],
  ]);
  assert.deepEqual(mail.cc?.map(({ name }) => name), ['Doe, "J"']);
  assert.equal(mail.replyTo?.[0]?.name, "答え");
  assert.equal(mail.subject, "Grüße 日本語 🎉 and more");
  assert.equal(mail.text, "Grüße\n.\nFrom here\n");
  assert.equal(mail.date, new Date(NOW - 86_400_000).toISOString());
  assert.equal(mail.headers.find(({ key }) => key === "x-ticket")?.value, "4711");
  assert.equal(sender, "ann@example.org");
  assert.deepEqual(recipients, [
    "j@example.org",
    "root@example.org",
    "x@y.test",
    "doe@example.org",
    "hidden@example.org",
  ]);
  assert.doesNotMatch(textOf(bytes), /hidden/i);
});

Deno.test("composeMessage: without From the message gets the envelope sender's", async () => {
  const { bytes, sender } = await take(draftOf({ from: null }));
  assert.equal(sender, "cron@host.example");
  assert.equal((await parse(bytes)).from?.address, "cron@host.example");
});

Deno.test("composeMessage: a domain beyond ASCII is written as DNS knows it", async () => {
  const { bytes, recipients } = await take(draftOf({
    to: ["Jo <jo@bücher.example>", "jörg@bücher.example", '"j o"@bücher.example'],
    from: { name: null, address: "ann@müller.example" },
  }));
  const domain = "xn--bcher-kva.example";
  assert.deepEqual(recipients, [`jo@${domain}`, "jörg@bücher.example", `"j o"@${domain}`]);
  const mail = await parse(bytes);
  assert.equal(mail.from?.address, "ann@xn--mller-kva.example");
  assert.deepEqual(mail.to?.slice(0, 2).map(({ address }) => address), recipients.slice(0, 2));
});

Deno.test("composeMessage: a local name is written with this host, in the header alone", async () => {
  const { bytes, recipients, sender } = await take(draftOf({
    from: "Cron <cron>",
    to: ["root, Web: www-data, <news> ; Jörg <joerg>, a@b.test", { name: "O", address: "ops" }],
    cc: ["root"],
  }));
  const host = "host.example";
  const locals = ["root", "www-data", "news", "joerg"].map((name) => `${name}@${host}`);
  assert.deepEqual(recipients, [...locals, "a@b.test", `ops@${host}`]);
  assert.equal(sender, `cron@${host}`);
  assert.match(
    textOf(bytes),
    /\r\nFrom: Cron <cron@host.example>\r\nTo: root@host.example, Web: www-data@host.example, <news@/,
  );
  const mail = await parse(bytes);
  assert.deepEqual(mail.cc?.map(({ address }) => address), [`root@${host}`]);
  assert.equal(mail.to?.at(-1)?.address, `ops@${host}`);
});

Deno.test("composeMessage: groups, comments and odd blanks in a list stay readable", async () => {
  const list = "Größe Eins: a@b.test,c@d.test ;,\t(Jörg (\\)) ü) e@f.test , <g@h.test>";
  const { bytes, recipients } = await take(draftOf({ to: [list] }));
  assert.deepEqual(recipients, ["a@b.test", "c@d.test", "e@f.test", "g@h.test"]);
  const mail = await parse(bytes);
  const group = mail.to?.[0];
  assert.equal(group?.name, "Größe Eins");
  assert.deepEqual(group?.group?.map(({ address }) => address), ["a@b.test", "c@d.test"]);
  // deno-lint-ignore no-control-regex -- all but ASCII is meant
  assert.doesNotMatch(textOf(bytes), /[^\x00-\x7f]/);
});

Deno.test("composeMessage: text goes as 7bit, 8bit or quoted-printable, whichever carries it", async () => {
  const cases: readonly (readonly [text: string, encoding: string])[] = [
    ["", "7bit"],
    ["plain\n", "7bit"],
    ["x".repeat(998), "7bit"],
    ["x".repeat(999), "quoted-printable"],
    [`${"x".repeat(998)}\r${"x".repeat(998)}\r\n`, "7bit"],
    ["grün\n", "8bit"],
    ["ü".repeat(499), "8bit"],
    ["ü".repeat(500), "quoted-printable"],
    ["a\0b", "quoted-printable"],
    [`tab\t\nblank \n${"=ü \t".repeat(400)}`, "quoted-printable"],
    [`${"y".repeat(999)}\n${"z \n".repeat(40)}end\t`, "quoted-printable"],
  ];
  for (const [text, encoding] of cases) {
    const { bytes } = await take(draftOf({ text }));
    assert.match(textOf(bytes), new RegExp(`\r\nContent-Transfer-Encoding: ${encoding}\r\n`));
    assert.ok(longestLine(bytes) <= 998, "lines");
    if (encoding === "quoted-printable") assert.ok(longestLine(bytes) <= 78);
    const expected = text.replace(/\r\n?/g, "\n");
    const found = ((await parse(bytes)).text ?? "").replace(/\r\n/g, "\n");
    assert.equal(found.replace(/\n$/, ""), expected.replace(/\n$/, ""));
  }
});

Deno.test("composeMessage: html brings a text version unless there is a text", async () => {
  const html = "<p>Hällo <b>you</b></p><p><a href='https://x.test/'>there</a></p>";
  const derived = await parse((await take(draftOf({ text: null, html }))).bytes);
  assert.equal(derived.text?.trim(), "Hällo you\n\nthere <https://x.test/>");
  assert.equal(derived.html?.trim(), html);
  const given = await parse((await take(draftOf({ text: "mine", html }))).bytes);
  assert.deepEqual([given.text?.trim(), given.html?.trim()], ["mine", html]);
  for (const only of [draftOf({ text: "", html }), draftOf({ text: null, html: "<br>" })]) {
    const { bytes } = await take(only);
    assert.match(textOf(bytes), /\r\nContent-Type: text\/html; charset=utf-8\r\n/);
    assert.doesNotMatch(textOf(bytes), /multipart/);
  }
});

Deno.test("composeMessage: html that exhausts converters is sent with a plain text version", async () => {
  for (const element of ["<div>", "<table><tr><td>", "<ul><li>"]) {
    const html = `<b>deep</b>${element.repeat(100_000)}`;
    const mail = await parse((await take(draftOf({ text: null, html }))).bytes);
    assert.equal(mail.text?.trim(), "deep");
    assert.equal(mail.html?.trim(), html);
  }
});

Deno.test("composeMessage: long fields are folded, and read the same unfolded", async () => {
  const subject = `${"word ".repeat(60)}${"w".repeat(300)}  two   blanks`;
  const to = Array.from({ length: 500 }, (_, i) => `Name Number ${i} <n${i}@example.org>`);
  const long = { name: `N${"ö".repeat(200)}`, address: "long@example.org" };
  const quoted = { name: `a\\" , ${"b ".repeat(60)}`, address: "quoted@example.org" };
  const { bytes, recipients } = await take(draftOf({
    subject,
    to: [to.join(","), long, quoted],
    headers: [{ name: "References", value: `<${"r".repeat(60)}@x>  `.repeat(20) }],
  }));
  const mail = await parse(bytes);
  assert.equal(mail.subject, subject);
  assert.equal(recipients.length, 502);
  assert.deepEqual(mail.to?.slice(-3).map(({ name }) => name), [
    "Name Number 499",
    long.name,
    quoted.name.trim(),
  ]);
  const header = textOf(bytes).split("\r\n\r\n")[0] ?? "";
  const widest = header.split("\r\n").filter((line) => line.length > 78);
  assert.deepEqual(widest, [` ${"w".repeat(300)}`]);
  assert.doesNotMatch(header, /\r\n[ \t]*\r\n/);
});

Deno.test("composeMessage: a word too long for any line is encoded in a subject", async () => {
  for (const length of [889, 900, 5_000]) {
    const { bytes } = await take(draftOf({ subject: "x".repeat(length) }));
    assert.equal((await parse(bytes)).subject, "x".repeat(length));
    assert.ok(longestLine(bytes) <= 998);
  }
});

const LINE_END = "Hi\r\nBcc: eve@example.com";
const REFUSED: (readonly [what: string, changes: Partial<Draft>, message: RegExp])[] = [
  ["a line end in the subject", { subject: LINE_END }, /^--subject: Cannot use "Hi\\r\\nBcc/],
  ["a NUL in the subject", { subject: "a\0" }, /^--subject: /],
  ["a bare CR in the subject", { subject: "a\rb" }, /^--subject: /],
  ["a line end in a name", { to: [{ name: LINE_END, address: "a@b.test" }] }, /^--to: /],
  ["a line end in an address", { to: [{ name: null, address: `a@b.test\n` }] }, /^--to: /],
  ["a line end in a list", { cc: [`a@b.test,\r\nBcc: x@y.test`] }, /^--cc: /],
  ["a line end in From", { from: `ann@example.org\nX: y` }, /^--from: /],
  ["two From", { from: "a@b.test, c@d.test" }, /^--from: .*expected one address/],
  ["no From", { from: "" }, /^--from: .*expected one address/],
  ["an entry without address", { to: ["Joe Bloggs"] }, /^--to: .*Joe Bloggs.*no address/],
  ["two addresses in one", { to: ["a@b.test c@d.test"] }, /^--to: .*two addresses/],
  ["a list as address", { to: [{ name: "x", address: "a@b.test, c@d.test" }] }, /^--to: /],
  ["a name in an address", { to: [{ name: "x", address: "Y <a@b.test>" }] }, /^--to: /],
  ["a line end in a value", { headers: [{ name: "X-A", value: LINE_END }] }, /^--headers: /],
  ["a line end in a field's name", { headers: [{ name: "X\r\nB", value: "c" }] }, /field's name/],
  ["a blank in a field's name", { headers: [{ name: "X B", value: "c" }] }, /field's name/],
  ["a colon in a field's name", { headers: [{ name: "Bcc: x@y\r\nB", value: "c" }] }, /name/],
  ["an empty name", { headers: [{ name: "", value: "c" }] }, /field's name/],
  ["an empty value", { headers: [{ name: "X-A", value: " " }] }, /to nothing/],
  ["two Sender", { headers: [{ name: "Sender", value: "a@b.c, d@e.f" }] }, /one address/],
  ["an endless name", { to: [`${"n".repeat(1_000)} <a@b.test>`] }, /^--to: .*too long/],
];
for (
  const name of ["Bcc", "to", "Resent-To", "Content-Type", "mime-version", "X-Mail-Queue-Send-At"]
) {
  const headers = [{ name, value: "eve@example.com" }];
  REFUSED.push([`the field ${name} by hand`, { headers }, new RegExp(`header field ${name}: `)]);
}

for (const [what, changes, message] of REFUSED) {
  Deno.test(`composeMessage: ${what} is refused`, async () => {
    await assert.rejects(take(draftOf(changes)), (error) => {
      assert(error instanceof MailqError);
      assert.equal(error.exit, 65);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("composeMessage: fields by hand stand where they are, beside our own", async () => {
  const headers = [
    { name: "Sender", value: "Böb <bob@example.org>" },
    { name: "Content-Language", value: "de" },
    { name: "Message-ID", value: "<1@x.test>" },
    { name: "List-Unsubscribe", value: "<https://x.test/?a=b>,  <mailto:u@x.test>" },
  ];
  const { bytes, sender } = await take(draftOf({ headers }));
  assert.equal(sender, "bob@example.org");
  assert.deepEqual(fieldNames(bytes).filter((name) => name === "message-id"), ["message-id"]);
  assert.match(textOf(bytes), /\r\nList-Unsubscribe: <https:\/\/x.test\/\?a=b>, {2}<mailto/);
});
