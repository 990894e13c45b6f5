import assert from "node:assert/strict";
import { latin1 } from "../../support/smtp_script.ts";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

Deno.test("enqueue: stores and sends nothing", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail());
  assert.deepEqual(await mailq.statuses(), { Hello: "queued" });
  assert.equal(server.connections, 0);
});

Deno.test("enqueue: a batch gives one message each, in order", async () => {
  await using mailq = await Mailq.make();
  const outbox = `${mailq.folder}/outbox`;
  await Deno.mkdir(outbox);
  for (const name of ["b", "a", "c"]) {
    await Deno.writeTextFile(`${outbox}/${name}.eml`, mail({ subject: name }));
  }
  await Deno.writeTextFile(`${outbox}/notes.txt`, "no mail");
  const ids = (await mailq.ok(["enqueue", outbox])).trim().split("\n");
  const listed = await mailq.json(["list", "--sort", "oldest"]);
  assert.deepEqual(listed.map((one) => one.subject), ["a", "b", "c"]);
  assert.deepEqual(listed.map((one) => one.id), ids);
});

Deno.test("enqueue: each priority of the header lands right, whatever its case", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const cases = {
    "X-Mail-Queue-Priority: high": "high",
    "x-mail-queue-priority: NORMAL": "normal",
    "X-MAIL-QUEUE-PRIORITY: Low": "low",
    "X-Mail-Queue-Priority: 17": "normal",
    "X-Other: high": "normal",
  };
  for (const [field, expected] of Object.entries(cases)) {
    const [one] = await mailq.json(["enqueue"], { stdin: mail({ extra: `${field}\r\n` }) });
    assert.equal(one.priority, expected, field);
  }
  const unknown = await mailq.run(["enqueue"], {
    stdin: mail({ extra: "X-Mail-Queue-Priority: 17\r\n" }),
  });
  assert.match(unknown.stderr, /warning: .*"17".*expected now, high, normal, low/);
  const flag = mail({ extra: "X-Mail-Queue-Priority: low\r\n" });
  const [flagged] = await mailq.json(["enqueue", "--priority", "high"], { stdin: flag });
  assert.equal(flagged.priority, "high", "a flag beats a header");
});

Deno.test("enqueue: a comma in a name gives two recipients, not three", async () => {
  await using mailq = await Mailq.make();
  const id = await mailq.enqueue(mail({ to: '"Doe, Jane" <jane@a.test>, joe@b.test' }));
  const [message] = await mailq.json(["show", id]);
  assert.deepEqual(
    message.recipients.map((one: { address: string }) => one.address),
    ["jane@a.test", "joe@b.test"],
  );
});

Deno.test("enqueue: blanks between recipients are dropped", async () => {
  await using mailq = await Mailq.make();
  const id = await mailq.enqueue(mail({ to: "jane@a.test, ,, joe@b.test ," }));
  const [message] = await mailq.json(["show", id]);
  assert.equal(message.recipients_total, 2);
});

Deno.test("enqueue: a long subject gains no newline", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const subject = "word ".repeat(150).trim();
  await mailq.enqueue(mail({ subject }));
  const [listed] = await mailq.json(["list"]);
  assert.equal(listed.subject, subject);
  await mailq.ok(["send"]);
  const text = new TextDecoder().decode(server.messages[0]?.data);
  assert.ok(text.includes(`\r\nSubject: ${subject}\r\n`));
});

Deno.test("enqueue: a generated Message-ID is logged and sent, the caller's is kept", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "own", extra: "Message-ID: <own.1@sender.test>\r\n" }));
  await mailq.enqueue(mail({ subject: "odd", extra: "Message-ID: no brackets\r\n" }));
  await mailq.enqueue(mail({ subject: "none" }));
  await mailq.ok(["send"]);
  const listed = await mailq.json(["list", "--sort", "oldest"]);
  const [own, odd, none] = listed.map((one) => one.message_id);
  assert.equal(own, "<own.1@sender.test>");
  assert.match(none, /^<[\w.-]+@host\.test>$/);
  const sent = server.messages.map((one) => new TextDecoder().decode(one.data));
  const fields = (text = "") => [...text.matchAll(/^Message-ID: (.*)\r$/gim)].map((m) => m[1]);
  assert.deepEqual(fields(sent[0]), [own]);
  assert.deepEqual(fields(sent[1]), ["no brackets"], "a malformed one is the caller's too");
  assert.equal(typeof odd, "string");
  assert.deepEqual(fields(sent[2]), [none]);
});

Deno.test("send: bytes that are no UTF-8, odd MIME and dots go out as they came in", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const given = latin1(
    "From: Ann <ann@sender.test>\r\nTo: bob@receiver.test\r\nSubject: caf\xe9 \xff\r\n" +
      "Message-ID: <1@sender.test>\r\nDate: Sun, 22 Nov 2026 18:00:00 +0000\r\n" +
      'Content-Type: multipart/alternative; boundary="b"\r\n\r\n' +
      "--b\r\nContent-Type: text/plain\r\n\r\ncaf\xe9\t \r\n.\r\n..\r\n" +
      "--b\r\nContent-Type: text/html\r\n\r\n<p>caf\xe9</p>\r\n--never closed\r\n",
  );
  const id = await mailq.enqueue(given);
  const { stdoutBytes } = await mailq.run(["show", id, "--raw"]);
  assert.deepEqual(stdoutBytes, given);
  await mailq.ok(["send"]);
  assert.deepEqual(server.messages[0]?.data, given);
});

Deno.test("send: a non-ASCII sender, recipient and subject are delivered", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ from: "zoë@sender.test", to: "jürgen@bücher.test", subject: "né" }));
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { "né": "sent" });
  assert.equal(server.messages[0]?.from, "zoë@sender.test");
  assert.deepEqual(server.messages[0]?.to, ["jürgen@bücher.test"]);
});

Deno.test("redirect_to: test mode redirects all mail and marks it", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: server.url,
    MAILQ_REDIRECT_TO: "dev@test.test",
  });
  await mailq.enqueue(mail({ to: "jane@a.test, joe@b.test", extra: "Bcc: eve@c.test\r\n" }));
  await mailq.ok(["send"]);
  const [message] = server.messages;
  assert.deepEqual(message?.to, ["dev@test.test"]);
  const text = new TextDecoder().decode(message?.data);
  assert.match(
    text,
    /^X-Mail-Queue-Original-To: jane@a\.test,\r\n joe@b\.test,\r\n eve@c\.test\r\n/m,
  );
  assert.match(text, /^To: jane@a\.test, joe@b\.test\r$/m, "the header is not rewritten");
});

Deno.test("suppress: a listed address gets nothing, the others get theirs", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.ok(["suppress", "add", "Jane@A.test"]);
  await mailq.enqueue(mail({ subject: "both", to: "jane@a.test, joe@b.test" }));
  await mailq.enqueue(mail({ subject: "one", to: "JANE@a.TEST" }));
  await mailq.enqueue(mail({ subject: "late", to: "late@c.test" }));
  await mailq.ok(["suppress", "add", "late@c.test"]);
  const [result] = await mailq.json(["send"]);
  assert.deepEqual(server.messages.map((one) => one.to), [["joe@b.test"]]);
  // Mail that nobody is left of is no success, and is not called one.
  assert.equal(result.sent, 1);
  assert.deepEqual(await mailq.statuses(), {
    both: "sent",
    one: "suppressed",
    late: "suppressed",
  });
});

Deno.test("enqueue --priority now: leaves the queue empty", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "waits" }));
  await mailq.enqueue(mail({ subject: "urgent" }), "--priority", "now");
  assert.equal(server.messages.length, 1);
  assert.deepEqual(await mailq.statuses(), { urgent: "sent", waits: "queued" });
});

Deno.test("enqueue --priority now: with the relay down it exits 0 and is deferred", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "smtp://127.0.0.1:1" });
  const ended = await mailq.run(["enqueue", "--priority", "now"], { stdin: mail() });
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, /^[0-9a-z]{12}\n$/);
  assert.deepEqual(await mailq.statuses(), { Hello: "deferred" });
});

Deno.test("enqueue: no recipient at all is refused and nothing is stored", async () => {
  await using mailq = await Mailq.make();
  const ended = await mailq.run(["enqueue"], {
    stdin: "From: ann@sender.test\r\nSubject: x\r\n\r\nText\r\n",
  });
  assert.equal(ended.code, 65);
  assert.equal(ended.stdout, "");
  assert.match(ended.stderr, /recipient/);
  assert.deepEqual(await mailq.json(["list"]), []);
});
