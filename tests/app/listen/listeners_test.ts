import assert from "node:assert/strict";
import { MailqError } from "../../../src/queue/errors.ts";
import { SmtpTalk } from "../../support/smtp_talk.ts";
import { Listening } from "./listening.ts";

Deno.test("Listeners: what is answered with 250 is in the queue, as it was given", async () => {
  await using listening = await Listening.start();
  using talk = await listening.talk();
  const id = await talk.mail("From: ann@sender.test\r\nSubject: one\r\n\r\n..dot\r\n");
  const [message] = await listening.app.messages();
  assert.equal(message?.id, id);
  assert.equal(message?.sender, "ann@sender.test");
  assert.equal(message?.subject, "one");
  const content = await listening.content();
  assert.match(content, /^Received: from client\.test \(\[127\.0\.0\.1\]\)\r\n by host\.test /);
  assert.match(content, new RegExp(`\\(mailq\\) with ESMTP id ${id};\r\n \\w{3}, `));
  assert.match(
    content,
    /\r\nMessage-ID: .*\r\nDate: .*\r\nFrom: .*\r\nSubject: one\r\n\r\n\.dot\r\n$/,
  );
});

Deno.test("Listeners: many clients at once, each gets his mail in", async () => {
  await using listening = await Listening.start();
  const ids = await Promise.all(Array.from({ length: 30 }, async (_, n) => {
    using talk = await listening.talk();
    const own: string[] = [];
    for (let i = 0; i < 5; i++) own.push(await talk.mail(`Subject: ${n}-${i}\r\n\r\nHi\r\n`));
    await talk.command("QUIT", 221);
    return own;
  }));
  const messages = await listening.app.messages();
  assert.deepEqual(messages.map(({ id }) => id).sort(), ids.flat().sort());
});

Deno.test("Listeners: a large message goes by way of a file, and in whole", async () => {
  await using listening = await Listening.start();
  using talk = await listening.talk();
  const line = `${"x".repeat(70)}\r\n`;
  for (const size of [70_000, 900_000, 3_000_000]) {
    await talk.mail(`Subject: ${size}\r\n\r\n${line.repeat(size / line.length)}`);
  }
  const sizes = (await listening.app.messages()).map(({ subject, sizeBytes: size }) =>
    size > Number(subject) * 0.99
  );
  assert.deepEqual(sizes, [true, true, true]);
  const left = [...Deno.readDirSync(listening.app.folder)].map(({ name }) => name);
  assert.deepEqual(left.filter((name) => name.includes("incoming")), []);
});

Deno.test("Listeners: who leaves in the middle of a mail leaves nothing behind", async () => {
  await using listening = await Listening.start();
  {
    using talk = await listening.talk();
    await talk.begin("ann@sender.test", "bob@receiver.test");
    await talk.command("DATA", 354);
    await talk.send(`Subject: x\r\n\r\n${"x".repeat(200_000)}`);
  }
  await listening.app.until(() =>
    listening.app.told.some((line) => /left in the middle/.test(line))
  );
  assert.deepEqual(await listening.app.messages(), []);
});

Deno.test("Listeners: a client that has said all and shuts its side gets all answers", async () => {
  await using listening = await Listening.start();
  using talk = await listening.talk();
  await talk.send(
    "EHLO client.test\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nx: y\r\n\r\n.\r\nQUIT\r\n",
  );
  await talk.closeWrite();
  const replies: string[] = [];
  for (let reply = await talk.reply(); reply !== ""; reply = await talk.reply()) {
    replies.push(reply.slice(0, 3));
  }
  assert.deepEqual(replies, ["250", "250", "250", "354", "250", "221"]);
});

Deno.test("Listeners: mail that cannot be stored is put off, and the next one is taken", async () => {
  await using listening = await Listening.start({ max_size: "1KB" });
  using talk = await listening.talk();
  await talk.begin("a@b.c", "d@e.f");
  await talk.command("DATA", 354);
  await talk.send(`${"x".repeat(2_000)}\r\n.\r\n`);
  assert.match(await talk.reply(), /^552 5\.3\.4 .*max_size is 1024 bytes/);
  await talk.mail();
});

Deno.test("Listeners: bare names in the header get the host's name", async () => {
  await using listening = await Listening.start();
  using talk = await listening.talk();
  await talk.mail("From: root (Cron Daemon)\r\nTo: root\r\nSubject: Cron\r\n\r\nHi\r\n", "root");
  const [message] = await listening.app.messages();
  assert.equal(message?.recipients[0]?.address, "root@host.test");
  assert.equal(message?.from, "root@host.test (Cron Daemon)");
});

Deno.test("Listeners: mail that goes round in circles is refused", async () => {
  await using listening = await Listening.start();
  using talk = await listening.talk();
  await talk.begin("a@b.c", "d@e.f");
  await talk.command("DATA", 354);
  await talk.send(`${"Received: from x by y; z\r\n".repeat(100)}\r\nHi\r\n.\r\n`);
  assert.match(await talk.reply(), /^554 5\.6\.0 .*passed 100 hosts already/);
});

Deno.test("Listeners: listens on a socket that anybody of the machine may use", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/smtp`;
  {
    await using listening = await Listening.start({ "listen.smtp": path });
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o666);
    using talk = await listening.talk();
    await talk.mail();
    assert.doesNotMatch(await listening.content(), /^Received/m, "nothing came by a network");
  }
  assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
  await Deno.remove(folder);
});

Deno.test("Listeners: an address in use is told, and so is one that is not ours", async () => {
  await using listening = await Listening.start();
  const codes: string[] = [];
  for (const place of [listening.place, "192.0.2.1:2525", "/nowhere/at/all"]) {
    const given = {
      "listen.smtp": place,
      "listen.allow": place.startsWith("192") ? "192.0.2.0/24" : "none",
    };
    const error = await Listening.start(given).then(() => null, (error: unknown) => error);
    assert.ok(error instanceof MailqError, `${place}: ${error}`);
    codes.push(`${error.code}: ${error.message}`);
  }
  assert.match(codes[0] ?? "", /^busy: Cannot listen on 127\.0\.0\.1:\d+: it is in use already/);
  assert.match(codes[1] ?? "", /^config_invalid: .*this machine has no such address/);
  assert.match(codes[2] ?? "", /^config_invalid: .*there is no such folder/);
});

Deno.test("Listeners: a socket that a dead process has left is no hindrance", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/smtp`;
  const dead = Deno.listen({ transport: "unix", path });
  dead.close();
  await using listening = await Listening.start({ "listen.smtp": path });
  using talk = await SmtpTalk.greeted(path);
  await talk.mail();
  await using second = await Listening.start({ "listen.smtp": "127.0.0.1:0" });
  assert.ok(second.place !== "");
  const error = await Listening.start({ "listen.smtp": path }).then(() => null, (error) => error);
  assert.match(String(error), /in use already/);
  assert.equal(listening.app.openQueues, 1);
});

Deno.test("Listeners: closing sends away who says nothing, and lets who waits have his answer", async () => {
  const listening = await Listening.start();
  using idle = await listening.talk();
  using busy = await listening.talk();
  await busy.begin("a@b.c", "d@e.f");
  await busy.command("DATA", 354);
  const closed = listening.listeners[Symbol.asyncDispose]();
  assert.match(await idle.reply(), /^421 4\.3\.2 /);
  await busy.send("x: y\r\n\r\n.\r\n");
  assert.match(await busy.reply(), /^250 /);
  assert.match(await busy.reply(), /^421 4\.3\.2 /);
  await closed;
  assert.equal((await listening.app.messages()).length, 1);
  await listening.app[Symbol.asyncDispose]();
});
