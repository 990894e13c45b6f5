import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { ageQueue, DAY_MS } from "../support/queue_file.ts";
import { runInShell } from "../support/shell.ts";

Deno.test("cron: send, retry and purge print nothing when all is well", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const silent = async () => {
    for (const args of [["retry", "--due"], ["send"], ["purge", "--older-than", "90d"]]) {
      const ended = await mailq.run(args);
      assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "", ""], args.join(" "));
    }
  };
  await silent();
  await mailq.enqueue(mail({ to: "ann@a.test, defer@a.test, refuse@a.test" }));
  await mailq.enqueue(mail());
  await silent();
  ageQueue(mailq, 100 * DAY_MS);
  await silent();
});

Deno.test("cron: send is as quiet while the relay is down, and --strict tells", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "smtp://127.0.0.1:1" });
  await mailq.enqueue(mail());
  const ended = await mailq.run(["send"]);
  assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "", ""]);
  await mailq.ok(["retry"]);
  const strict = await mailq.run(["send", "--strict"]);
  assert.equal(strict.code, 69);
  assert.match(strict.stderr, /^mailq: the relay is down: .*127\.0\.0\.1:1.* \(since 2\d{3}-/);
  await mailq.ok(["retry"]);
  const told = await mailq.run(["send", "--verbose"]);
  assert.equal(told.code, 0);
  assert.match(told.stdout, /^Sent 0 messages, 1 deferred$/m);
  assert.match(told.stderr, /the relay is down/);
});

Deno.test("send --strict: mail failed is 69, mail deferred is 75, all sent is 0", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  for (
    const [to, code] of [["refuse@a.test", 69], ["defer@a.test", 75], ["ann@a.test", 0]] as const
  ) {
    await mailq.enqueue(mail({ to }));
    assert.equal((await mailq.run(["send", "--strict"])).code, code, to);
    await mailq.enqueue(mail({ to }));
    assert.equal((await mailq.run(["send"])).code, 0, to);
  }
});

Deno.test("send ID: sends that message alone, deferred or not", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const slow = await mailq.enqueue(mail({ subject: "slow", to: "defer@a.test" }));
  await mailq.ok(["send"]);
  await mailq.enqueue(mail({ subject: "other" }));
  const planned = await mailq.json(["send", "--dry-run", slow]);
  assert.deepEqual(planned.map((one) => one.subject), ["slow"], "a dry run tells the same");
  const [result] = await mailq.json(["send", slow]);
  assert.equal(result.deferred, 1);
  assert.deepEqual(await mailq.statuses(), { slow: "deferred", other: "queued" });
  assert.equal((await mailq.json(["show", slow]))[0].attempts.length, 2);
  const sent = await mailq.enqueue(mail({ subject: "done" }));
  await mailq.ok(["send", sent]);
  const again = await mailq.run(["send", sent]);
  assert.match(again.stderr, /is left alone: it is sent; `mailq resend` queues it again/);
});

Deno.test("closed output: ends quietly with 0", async () => {
  await using mailq = await Mailq.make();
  await Deno.mkdir(`${mailq.folder}/out`);
  for (let i = 0; i < 400; i++) {
    const text = mail({ subject: `${i} ${"x".repeat(400)}` });
    await Deno.writeTextFile(`${mailq.folder}/out/${i}.eml`, text);
  }
  const [id = ""] = (await mailq.ok(["enqueue", "out"])).split("\n");
  const lines = [
    "mailq list --limit 0 | head -1",
    "mailq list --limit 0 --json | head -1",
    `mailq show ${id} | head -1`,
    `mailq show ${id} --raw | head -c 1`,
    "mailq --help | head -1",
    "mailq config | true",
  ];
  for (const line of lines) {
    const { code, stderr } = await runInShell(mailq, line);
    assert.deepEqual([code, stderr], [0, ""], line);
  }
});

Deno.test("full output: is 74 and told", async () => {
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail());
  const { code, stderr } = await runInShell(mailq, "mailq list > /dev/full");
  assert.equal(code, 74);
  assert.match(stderr, /^mailq: Cannot write the output: /);
});

Deno.test("purge: without being told what it deletes nothing (64)", async () => {
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail());
  for (const args of [["purge"], ["purge", "--undelivered"]]) {
    const ended = await mailq.run(args);
    assert.equal(ended.code, 64, args.join(" "));
    assert.match(ended.stderr, /without being told what/);
  }
  assert.deepEqual(await mailq.json(["purge", "--undelivered", "--all"]), [{ purged: 1 }]);
});

Deno.test("send --strict: mail that expired before it could be sent has failed (69)", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail(), "--expires-in", "1ms");
  const ended = await mailq.run(["send", "--strict", "--json"]);
  assert.equal(ended.code, 69);
  assert.equal(JSON.parse(ended.stdout).failed, 1);
});

Deno.test("status --nagios: mail sent at once is no round over the queue", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail({ subject: "waits" }));
  await mailq.enqueue(mail({ subject: "urgent" }), "--priority", "now");
  assert.deepEqual(await mailq.statuses(), { waits: "queued", urgent: "sent" });
  const ended = await mailq.run(["status", "--nagios"]);
  assert.equal(ended.code, 1, ended.stdout);
});

Deno.test("list and send --strict: a paused queue is named as the reason", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const id = await mailq.enqueue(mail());
  await mailq.ok(["pause"]);
  assert.match(await mailq.ok(["list"]), /the queue is paused/);
  assert.match(await mailq.ok(["show", id]), /why +the queue is paused/);
  const ended = await mailq.run(["send", "--strict"]);
  assert.equal(ended.code, 75);
  assert.match(ended.stderr, /paused/);
});

Deno.test("send --verbose: with nothing due it tells when deferred mail is tried again", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ to: "defer@receiver.test" }));
  const first = await mailq.run(["send", "--verbose"]);
  assert.doesNotMatch(first.stderr, /the next try/, "it was just told");
  const second = await mailq.run(["send", "--verbose"]);
  assert.match(
    second.stderr,
    /^mailq: 1 deferred, the next try [\d: -]+; `mailq retry` queues it at once$/m,
  );
  assert.equal((await mailq.run(["send"])).stderr, "", "cron hears nothing");
});
