import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { runInShell } from "../support/shell.ts";
import { SmtpClient } from "../support/smtp_client.ts";

const TEXT = mail({
  extra: "Bcc: h@x.test\r\nDate: now\r\nMessage-ID: <1@x>\r\n",
  body: ".dot\r\n",
});
const STUFFED = `${TEXT.replace("\r\n.dot", "\r\n..dot")}.\r\n`;

Deno.test("sendmail -bs: several messages in one conversation arrive as they were given", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await using client = await SmtpClient.start(mailq);
  const hello = await client.command("EHLO client.test", 250);
  assert.deepEqual(hello.split("\r\n").map((line) => line.slice(4)), [
    "host.test",
    "PIPELINING",
    "SIZE 52428800",
    "8BITMIME",
    "SMTPUTF8",
    "DSN",
    "CHUNKING",
    "ENHANCEDSTATUSCODES",
    "HELP",
  ]);
  await client.begin("ann@x.test", "a@b.test", "c@d.test");
  await client.send(STUFFED);
  const queued = await client.reply();
  const [listed] = await mailq.json(["list"]);
  assert.equal(queued, `250 2.0.0 Ok: queued as ${listed.id}`);
  await client.command("MAIL FROM:<>", 250);
  await client.command("RCPT TO:<bad@@x>", 553);
  await client.command("RCPT TO:<root>", 250);
  await client.command("DATA", 354);
  await client.send("\r\nempty header\r\n.\r\n");
  assert.match(await client.reply(), /^250 2\.0\.0 /);
  await client.command("QUIT", 221);
  assert.deepEqual(await client.hangUp(), { code: 0, stderr: "" });
  await mailq.ok(["send"]);
  const [first, second] = server.messages;
  assert.deepEqual([first?.from, first?.to], ["ann@x.test", ["a@b.test", "c@d.test"]]);
  assert.equal(new TextDecoder().decode(first?.data), TEXT.replace(/^Bcc:.*\r\n/m, ""));
  assert.deepEqual([second?.from, second?.to], ["", ["root@host.test"]]);
});

Deno.test("sendmail -bs: after the 250 the mail is on disk, whatever becomes of the process", async () => {
  await using mailq = await Mailq.make();
  for (let i = 0; i < 5; i++) {
    await using client = await SmtpClient.start(mailq);
    await client.begin("ann@x.test", "a@b.test");
    await client.send(STUFFED);
    assert.match(await client.reply(), /^250 /);
    await client.kill();
    assert.equal((await mailq.json(["list"])).length, i + 1);
  }
});

Deno.test("sendmail -bs: a pipelined conversation is answered as far as it came", async () => {
  await using mailq = await Mailq.make();
  await using client = await SmtpClient.start(mailq);
  await client.send(
    "EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nRCPT TO:<x@@y>\r\nDATA\r\nSub",
  );
  const replies = [];
  for (let i = 0; i < 5; i++) replies.push((await client.reply()).slice(0, 3));
  assert.deepEqual(replies, ["250", "250", "250", "553", "354"]);
  await client.send("ject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n");
  assert.match(await client.reply(), /^250 2\.0\.0 /);
  assert.match(await client.reply(), /^221 /);
  assert.equal((await client.hangUp()).code, 0);
});

Deno.test("sendmail -bs: NOTIFY, ORCPT, RET and ENVID are kept", async () => {
  await using mailq = await Mailq.make();
  await using client = await SmtpClient.start(mailq);
  await client.command("EHLO client.test", 250);
  await client.command("MAIL FROM:<a@b.test> RET=HDRS ENVID=x+2By", 250);
  await client.command("RCPT TO:<c@d.test>", 250);
  await client.command("RCPT TO:<e@f.test> NOTIFY=DELAY,SUCCESS ORCPT=rfc822;o+2Bo@f.test", 250);
  await client.command("DATA", 354);
  await client.send(STUFFED);
  assert.match(await client.reply(), /^250 /);
  using db = new DatabaseSync(mailq.queue, { readOnly: true });
  const asked = db.prepare("SELECT dsn FROM message").get()?.dsn;
  assert.deepEqual(JSON.parse(String(asked)), { ret: "headers", envid: "x+y" });
  assert.deepEqual(
    db.prepare("SELECT address, dsn FROM recipient ORDER BY n").all().map((row) => ({ ...row })),
    [
      { address: "c@d.test", dsn: null },
      {
        address: "e@f.test",
        dsn: JSON.stringify({ notify: ["success", "delay"], orcpt: "rfc822;o+o@f.test" }),
      },
    ],
  );
});

Deno.test("sendmail -bs: input that ends within a message queues nothing, and is 66", async () => {
  await using mailq = await Mailq.make();
  // One that is still in memory, and one that is being staged already.
  for (const size of [10, 3_000_000]) {
    await using client = await SmtpClient.start(mailq);
    await client.begin("ann@x.test", "a@b.test");
    await client.send(`Subject: x\r\n\r\n${`${"x".repeat(70)}\r\n`.repeat(size / 72)}.\n`);
    const { code, stderr } = await client.hangUp();
    assert.equal(code, 66);
    assert.match(stderr, /the input ended in the middle of it/);
    assert.deepEqual(await mailq.json(["list"]), []);
  }
});

Deno.test("sendmail -bs: a message over max_size is 552, by SIZE and by its bytes", async () => {
  await using mailq = await Mailq.make({ MAILQ_MAX_SIZE: "2MB" });
  await using client = await SmtpClient.start(mailq);
  await client.command("EHLO client.test", 250);
  await client.command("MAIL FROM:<a@b.test> SIZE=999999999", 552);
  for (const size of [2_200_000, 9_000_000]) {
    await client.begin("ann@x.test", "a@b.test");
    await client.send(`Subject: x\r\n\r\n${`${"x".repeat(70)}\r\n`.repeat(size / 72)}.\r\n`);
    assert.match(await client.reply(), /^552 5\.3\.4 .*max_size/);
  }
  await client.begin("ann@x.test", "a@b.test");
  await client.send("Subject: small\r\n\r\nhi\r\n.\r\n");
  assert.match(await client.reply(), /^250 /);
  assert.deepEqual(await mailq.statuses(), { small: "queued" });
});

Deno.test("sendmail -bs: mail that cannot be stored is 451, and once it can be, taken", async () => {
  await using mailq = await Mailq.make();
  await Deno.writeTextFile(
    mailq.queue,
    "no database, but long enough to look like one ".repeat(99),
  );
  await using client = await SmtpClient.start(mailq);
  await client.begin("ann@x.test", "a@b.test");
  await client.send(STUFFED);
  assert.match(await client.reply(), /^451 4\.3\.5 .*no mailq queue/);
  await Deno.remove(mailq.queue);
  await client.begin("ann@x.test", "a@b.test");
  await client.send(STUFFED);
  assert.match(await client.reply(), /^250 /);
  await client.command("QUIT", 221);
  assert.equal((await client.hangUp()).code, 0);
  assert.deepEqual(await mailq.statuses(), { Hello: "queued" });
});

Deno.test("sendmail -bs: a header that cannot be used is 554", async () => {
  await using mailq = await Mailq.make();
  await using client = await SmtpClient.start(mailq);
  await client.begin("ann@x.test", "a@b.test");
  await client.send(`X: ${"x".repeat(2_000_000)}\r\n\r\nhi\r\n.\r\n`);
  assert.match(await client.reply(), /^554 5\.6\.0 /);
});

Deno.test("sendmail -bs: mail of priority now is acknowledged, then sent at once", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await using client = await SmtpClient.start(mailq);
  await client.begin("ann@x.test", "a@b.test");
  await client.send(`X-Mail-Queue-Priority: now\r\n${STUFFED}`);
  assert.match(await client.reply(), /^250 2\.0\.0 /);
  await client.command("QUIT", 221);
  assert.equal((await client.hangUp()).code, 0);
  assert.equal(server.messages.length, 1);
});

Deno.test("sendmail -bs: what a console relay writes is no part of the conversation", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "console:" });
  await using client = await SmtpClient.start(mailq);
  await client.begin("ann@x.test", "a@b.test");
  await client.send("X-Mail-Queue-Priority: now\r\nSubject: aside\r\n\r\nText\r\n.\r\n");
  assert.match(await client.reply(), /^250 2\.0\.0 Ok: queued/);
  await client.command("QUIT", 221);
  const { code, stderr } = await client.hangUp();
  assert.equal(code, 0);
  assert.match(stderr, /\nSubject: aside\r\n/);
});

Deno.test("sendmail -bs: who stops in the middle of a message holds up nobody", async () => {
  await using mailq = await Mailq.make();
  await using client = await SmtpClient.start(mailq);
  await client.begin("slow@x.test", "a@b.test");
  const piece = new TextEncoder().encode(`${"x".repeat(70)}\r\n`.repeat(1_000));
  await client.send("Subject: slow\r\n\r\n");
  for (let i = 0; i < 160; i++) await client.send(piece);
  await mailq.enqueue(mail({ subject: "quick" }));
  assert.deepEqual(await mailq.statuses(), { quick: "queued" });
  await client.send(".\r\n");
  assert.match(await client.reply(), /^250 /);
  assert.deepEqual(await mailq.statuses(), { quick: "queued", slow: "queued" });
});

Deno.test("sendmail -bs: input that cannot be read is 66, in one line", async () => {
  await using mailq = await Mailq.make();
  const ended = await runInShell(mailq, "mailq sendmail -bs < /");
  assert.equal(ended.code, 66);
  assert.match(ended.stderr, /^mailq: Cannot read standard input: [^\n]*\n$/);
});

Deno.test("sendmail -bs: hostile input makes no crash, no hang and no mail", async () => {
  await using mailq = await Mailq.make();
  const noise = new Uint8Array(200_000);
  for (let at = 0; at < noise.length; at += 50_000) {
    crypto.getRandomValues(noise.subarray(at, at + 50_000));
  }
  const begin = "EHLO me\r\nMAIL FROM:<a@b.c>\r\n";
  const inputs: readonly (string | Uint8Array)[] = [
    "",
    noise,
    "\r\n".repeat(50_000),
    "\n".repeat(50_000),
    "\0".repeat(1_000_000),
    `${begin}RCPT TO:<${"a".repeat(100_000)}@b.c>\r\nDATA\r\n`,
    `${begin}RCPT TO:<a@b.c> ${"X=1 ".repeat(400)}\r\nDATA\r\nSubject: no\r\n.\r\n`,
    `${begin}RCPT TO:<a@b.c\r\n.\r\n>\r\nDATA\r\nSubject: no\r\n.\r\n`,
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "{{{".repeat(1_000),
  ];
  for (const stdin of inputs) {
    const ended = await mailq.run(["sendmail", "-bs"], { stdin });
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(ended.stderr, "");
    assert.match(ended.stdout, /^(?:[2-5]\d\d[ -][ -~]*\r\n)+$/);
    assert.doesNotMatch(ended.stdout, /queued as/);
  }
  assert.deepEqual(await mailq.json(["list"]), []);
});
