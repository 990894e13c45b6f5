import assert from "node:assert/strict";
import PostalMime, { type Email } from "postal-mime";
import { Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { runInShell } from "../support/shell.ts";

async function raw(mailq: Mailq, id: string): Promise<Uint8Array> {
  return (await mailq.run(["show", id, "--raw"])).stdoutBytes;
}

async function composed(mailq: Mailq, stdin: string, ...flags: string[]): Promise<Email> {
  const id = (await mailq.ok(["compose", ...flags], { stdin })).trim();
  return await PostalMime.parse(await raw(mailq, id));
}

Deno.test("compose: a message from flags and stdin goes to all it names, Bcc unseen", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const flags = ["--from", "Änn <ann@sender.test>", "--to", "Jörg <jo@a.test>, al@a.test"];
  const id = (await mailq.ok(
    [
      "compose",
      ...flags,
      "--cc",
      "cc@a.test",
      "--bcc",
      "secret@a.test",
      "-s",
      "Grüße",
      "arg@a.test",
    ],
    { stdin: "Hällo\n" },
  )).trim();
  const mail = await PostalMime.parse(await raw(mailq, id));
  assert.deepEqual([mail.subject, mail.text, mail.from?.name], ["Grüße", "Hällo\n", "Änn"]);
  assert.deepEqual(mail.to?.map(({ name, address }) => [name, address]), [
    ["", "arg@a.test"],
    ["Jörg", "jo@a.test"],
    ["", "al@a.test"],
  ]);
  await mailq.ok(["send"]);
  const [message] = server.messages;
  assert.deepEqual(message?.to, [
    "arg@a.test",
    "jo@a.test",
    "al@a.test",
    "cc@a.test",
    "secret@a.test",
  ]);
  assert.equal(message?.from, "ann@sender.test");
  assert.doesNotMatch(new TextDecoder().decode(message?.data), /secret/);
});

Deno.test("compose: From is the flag, else the setting, else the user at this host", async () => {
  await using mailq = await Mailq.make();
  const to = ["--to", "a@b.test"];
  assert.equal((await composed(mailq, "x", ...to)).from?.address, "tester@host.test");
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, 'from = "crow@b.test"\n');
  assert.equal((await composed(mailq, "x", ...to)).from?.address, "crow@b.test");
  assert.equal((await composed(mailq, "x", ...to, "-r", "me@b.test")).from?.address, "me@b.test");
  const [message] = await mailq.json(["list", "--limit", "1"]);
  assert.equal(message.sender, "me@b.test");
});

Deno.test("compose: html, inline files and attachments arrive as they are", async () => {
  await using mailq = await Mailq.make();
  const folder = mailq.folder;
  const image = crypto.getRandomValues(new Uint8Array(5_000));
  await Deno.writeTextFile(`${folder}/body.html`, '<p>Hi <img src="cid:logo.png"> &auml;</p>');
  await Deno.writeFile(`${folder}/logo.png`, image);
  await Deno.writeFile(`${folder}/größe 1.pdf`, image.subarray(1));
  await Deno.writeTextFile(`${folder}/empty.txt`, "");
  const mail = await composed(
    mailq,
    "not read",
    ...["--to", "a@b.test", "--html", "body.html", "--inline", `${folder}/logo.png`],
    ...["--attach", "größe 1.pdf", "--attach", "empty.txt"],
  );
  assert.deepEqual([mail.text?.trim(), mail.html?.includes("cid:logo.png")], ["Hi ä", true]);
  const found = mail.attachments.map(({ filename, mimeType, disposition, contentId, content }) => {
    assert(content instanceof ArrayBuffer);
    return [filename, mimeType, disposition, contentId, [...new Uint8Array(content)].join()];
  });
  assert.deepEqual(found, [
    ["logo.png", "image/png", "inline", "<logo.png>", image.join()],
    ["größe 1.pdf", "application/pdf", "attachment", undefined, image.subarray(1).join()],
    ["empty.txt", "text/plain", "attachment", undefined, ""],
  ]);
});

Deno.test("compose: --text and --html take files, and - is stdin", async () => {
  await using mailq = await Mailq.make();
  await Deno.writeTextFile(`${mailq.folder}/text`, "from the file");
  const to = ["--to", "a@b.test"];
  const one = await composed(mailq, "<i>in</i>", ...to, "--text", "text", "--html", "-");
  assert.deepEqual([one.text?.trim(), one.html?.trim()], ["from the file", "<i>in</i>"]);
  const two = await composed(mailq, "<i>in</i>", ...to, "--html", "-");
  assert.equal(two.text?.trim(), "in");
  const three = await composed(mailq, "", ...to);
  assert.equal(three.text?.trim() ?? "", "");
});

Deno.test("compose: enqueue's flags do what they do there", async () => {
  await using mailq = await Mailq.make();
  const flags = ["--to", "a@b.test", "--priority", "high", "--send-at", "2031-02-03T04:05:06Z"];
  const [message] = await mailq.json(
    ["compose", ...flags, "--expires-in", "1d", "--tag", "t", "--key", "k", "--hold"],
    { stdin: "x" },
  );
  assert.deepEqual(
    [message.priority, message.tags, message.key, message.held, message.send_at],
    ["high", ["t"], "k", true, "2031-02-03T04:05:06.000Z"],
  );
  const again = await mailq.ok(["compose", ...flags, "--key", "k"], { stdin: "y" });
  assert.equal(again.trim(), message.id);
});

Deno.test("compose: --print shows the message that would be queued, and queues none", async () => {
  await using mailq = await Mailq.make();
  const flags = ["--to", "a@b.test", "--bcc", "secret@b.test", "--subject", "S", "--print"];
  const more = ["--header", "X-Ticket: 4711", "--date", "Mon, 02 Feb 2026 03:04:05 +0100"];
  const text = await mailq.ok(["compose", ...flags, ...more], { stdin: "Hi\n" });
  assert.equal(
    text.replace(/^Message-ID: <.+@host\.test>\r\n/, ""),
    "From: tester@host.test\r\nTo: a@b.test\r\nSubject: S\r\n" +
      "Date: Mon, 2 Feb 2026 02:04:05 +0000\r\nX-Ticket: 4711\r\nMIME-Version: 1.0\r\n" +
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHi\r\n",
  );
  assert.deepEqual(await mailq.json(["list"]), []);
  const id = await mailq.enqueue(text);
  assert.equal(new TextDecoder().decode(await raw(mailq, id)), text, "enqueue takes it as it is");
});

Deno.test("compose: text that is no UTF-8 is taken, and told of", async () => {
  await using mailq = await Mailq.make();
  const stdin = Uint8Array.from("gr\xfc\xdfe", (char) => char.charCodeAt(0));
  const ended = await mailq.run(["compose", "a@b.test"], { stdin });
  assert.equal(ended.code, 0);
  assert.match(ended.stderr, /warning: standard input is not in UTF-8: read as Windows-1252/);
  const mail = await PostalMime.parse(await raw(mailq, ended.stdout.trim()));
  assert.equal(mail.text?.trim(), "grüße");
});

Deno.test("compose: a file of 20 MB goes through, one over max_size is 65", async () => {
  await using mailq = await Mailq.make();
  const path = `${mailq.folder}/large.bin`;
  const bytes = new Uint8Array(20 * 1024 * 1024);
  for (let at = 0; at < bytes.length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  await Deno.writeFile(path, bytes);
  const flags = ["compose", "--to", "a@b.test", "--attach", path];
  const id = (await mailq.ok(flags, { stdin: "see below" })).trim();
  const [attachment] = (await PostalMime.parse(await raw(mailq, id))).attachments;
  assert(attachment?.content instanceof ArrayBuffer);
  const found = new Uint8Array(attachment.content);
  assert.ok(found.length === bytes.length && found.every((byte, at) => byte === bytes[at]));
  const env = { MAILQ_MAX_SIZE: "10MB" };
  for (const extra of [[], ["--print"]]) {
    const ended = await mailq.run([...flags, ...extra], { stdin: "x", env });
    assert.deepEqual([ended.code, ended.stdout], [65, ""]);
    assert.match(ended.stderr, /at least \d+ bytes: max_size is 10485760 bytes/);
  }
  // Of a pipe only its end tells how large it is.
  const piped = "mkfifo p; head -c 20000000 /dev/zero > p & mailq compose a@b.test --attach p";
  const pipe = await runInShell(mailq, piped, { env });
  assert.deepEqual([pipe.code, /max_size/.test(pipe.stderr)], [65, true], pipe.stderr);
  const long = await mailq.run(["compose", "a@b.test"], { stdin: "x".repeat(11_000_000), env });
  assert.deepEqual([long.code, /max_size/.test(long.stderr)], [65, true]);
  assert.equal((await mailq.json(["status"]))[0].queued, 1);
});

Deno.test("compose: what cannot be is refused with its flag, and nothing is queued", async () => {
  await using mailq = await Mailq.make();
  await Deno.writeTextFile(`${mailq.folder}/a\nb`, "odd name");
  await Deno.writeTextFile(`${mailq.folder}/my logo.png`, "x");
  await Deno.writeTextFile(`${mailq.folder}/html`, "<p>x");
  const to = ["--to", "a@b.test"];
  const cases: readonly (readonly [number, string[], RegExp])[] = [
    [65, [], /without recipients/],
    [65, ["--to", "a@b.test\r\nBcc: e@e.e"], /--to: .*control character/],
    [65, ["--to", "joe bloggs"], /--to: Cannot use "joe bloggs"/],
    [65, [...to, "--cc", "a@b@c"], /--cc: /],
    [65, [...to, "--from", "a@b.test, c@d.test"], /--from: .*expected one address/],
    [65, [...to, "--subject", "a\nBcc: e@e.e"], /--subject: .*"a\\nBcc: e@e\.e"/],
    [65, [...to, "--header", "X-A: b\nBcc: e@e.e"], /--header: /],
    [65, [...to, "--header", "Bcc: e@e.e"], /--header: .*Bcc/],
    [65, [...to, "--attach", "a\nb"], /--attach: .*"a\\nb"/],
    [65, [...to, "--html", "html", "--inline", "my logo.png"], /"my logo\.png" as a Content-ID/],
    [66, [...to, "--attach", "/no/such"], /--attach: Cannot read "\/no\/such": there is no such/],
    [66, [...to, "--text", "/no/such"], /Cannot read "\/no\/such"/],
    [66, [...to, "--html", mailq.folder], /it is a folder/],
    [64, [...to, "--header", "nonsense"], /--header.*expected a name and a value/],
    [64, [...to, "--inline", "html"], /--inline without --html/],
    [64, [...to, "--text", "-", "--html", "-"], /both --text and --html/],
    [64, [...to, "--date", "yesterday"], /--date: Cannot read the time "yesterday"/],
    [64, [...to, "--atach", "x"], /did you mean --attach/],
  ];
  for (const [code, flags, message] of cases) {
    const ended = await mailq.run(["compose", ...flags], { stdin: "x" });
    assert.deepEqual([ended.code, ended.stdout], [code, ""], `${flags.join(" ")}: ${ended.stderr}`);
    assert.match(ended.stderr, message);
  }
  assert.deepEqual(await mailq.json(["list"]), []);
});

Deno.test("compose: help says how, with examples", async () => {
  await using mailq = await Mailq.make();
  const help = await mailq.ok(["compose", "--help"]);
  for (const word of ["--inline FILE", "cid:logo.png", "mailq compose -s", "--send-at TIME"]) {
    assert.ok(help.includes(word), word);
  }
  assert.ok(help.split("\n").every((line) => line.length <= 82), help);
  assert.match(await mailq.ok(["--help"]), /\n {2}compose +Build a message/);
});
