import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

Deno.test("explain: rows for people, --connect asks and sends nothing", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const text = await mailq.ok(["explain", "ann@receiver.test", "--from", "a@b.test", "--connect"]);
  assert.match(
    text,
    /^address +ann@receiver\.test\nsender +a@b\.test\ngoes to +ann@receiver\.test\nrelay +default smtp:\/\/127\.0\.0\.1:\d+, TLS off\nwaits for +nothing: the next pass takes it\n/,
  );
  assert.match(text, /^ +\d+ C: RCPT TO:<ann@receiver\.test>$/m);
  assert.match(text, /^accepted: 250 2\.1\.5 Ok\n$/m);
  const refused = await mailq.run(["explain", "refuse@receiver.test", "--connect", "--json"]);
  assert.equal(refused.code, 69);
  const [line = "", ...more] = refused.stdout.trim().split("\n");
  assert.deepEqual(more, []);
  const { answers: [answer], recipients } = JSON.parse(line);
  assert.equal(recipients[0].suppressed, false);
  assert.deepEqual([answer.accepted, answer.reply.slice(0, 12)], [false, "RCPT TO: 550"]);
  assert.equal(server.messages.length, 0);
  assert.deepEqual(await mailq.json(["list"]), []);
});

Deno.test("test: 0 and the conversation if it was sent, 69 and why if not", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const sent = await mailq.run(["test", "ann@receiver.test"]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.match(sent.stdout, /^queued as \w{12}\n/);
  assert.match(sent.stdout, /^ +\d+ S: 250 2\.0\.0 Queued$/m);
  assert.match(sent.stdout, /^sent ann@receiver\.test: 250 2\.0\.0 Queued\n$/m);
  const refused = await mailq.run(["test", "refuse@receiver.test", "--json"]);
  assert.equal(refused.code, 69);
  const { status, conversation } = JSON.parse(refused.stdout);
  assert.equal(status, "failed");
  assert.ok(conversation.some((line: string) => line.includes("S: 550 5.1.1")));
});

Deno.test("wait: 0 all sent, 69 not all, 75 the time is up, with the states", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const one = await mailq.enqueue(mail());
  const two = await mailq.enqueue(mail({ to: "refuse@receiver.test" }));
  const late = await mailq.run(["wait", one, "--timeout", "0s"]);
  assert.deepEqual([late.code, late.stdout], [75, `${one} queued\n`]);
  const waiting = mailq.run(["wait", one]);
  await mailq.ok(["send"]);
  const ended = await waiting;
  assert.equal(ended.code, 0);
  assert.match(ended.stdout, new RegExp(`^${one} sent: 250 2\\.0\\.0 Queued\\n$`));
  const both = await mailq.run(["wait", one, two, "--json"]);
  assert.equal(both.code, 69);
  const lines = both.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ id, status }) => [id, status]), [[one, "sent"], [two, "failed"]]);
});
