import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { type ReceivedMessage, SmtpServer } from "../../support/smtp_server.ts";
import { gatedRelay } from "../support/gated_relay.ts";
import { alterQueue } from "../support/queue_file.ts";

function subjects(messages: readonly ReceivedMessage[]): string[] {
  return messages.map((one) =>
    /^Subject: (.*)\r$/m.exec(new TextDecoder().decode(one.data))?.[1] ?? ""
  );
}

async function enqueueEach(mailq: Mailq, names: readonly string[], to = "bob@receiver.test") {
  for (const subject of names) await mailq.enqueue(mail({ subject, to }));
}

Deno.test("send: empties the queue and logs one attempt", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const id = await mailq.enqueue(mail());
  await mailq.ok(["send"]);
  assert.equal((await mailq.ok(["status", "--plain"])).trim(), "0/0/0");
  const [message] = await mailq.json(["show", id]);
  assert.equal(message.attempts.length, 1);
  assert.equal(message.attempts[0].result, "sent");
  assert.deepEqual(await mailq.json(["send"]), [
    { sent: 0, deferred: 0, failed: 0, uncertain: 0, remaining: 0, stopped_by: null },
  ]);
  assert.equal(server.messages.length, 1);
});

Deno.test("send: a batch of 2 out of 3 leaves one queued", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await enqueueEach(mailq, ["a", "b", "c"]);
  const [first] = await mailq.json(["send", "--max-batch", "2"]);
  assert.deepEqual([first.sent, first.remaining, first.stopped_by], [2, 1, "max_batch"]);
  assert.deepEqual(await mailq.statuses(), { a: "sent", b: "sent", c: "queued" });
  const [second] = await mailq.json(["send", "--max-batch", "2"]);
  assert.deepEqual([second.sent, second.remaining], [1, 0]);
  assert.deepEqual(subjects(server.messages), ["a", "b", "c"]);
});

Deno.test("send: a batch counts what is sent, not what is deferred", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await enqueueEach(mailq, ["x", "y"], "defer@receiver.test");
  await enqueueEach(mailq, ["a", "b"]);
  const [result] = await mailq.json(["send", "--max-batch", "1"]);
  assert.deepEqual([result.sent, result.deferred, result.remaining], [1, 2, 1]);
});

Deno.test("send: stops after 2 deferrals", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await enqueueEach(mailq, ["a", "b", "c"], "defer@receiver.test");
  const [result] = await mailq.json(["send", "--max-deferred", "2"]);
  assert.deepEqual([result.deferred, result.remaining, result.stopped_by], [2, 1, "max_deferred"]);
});

Deno.test("send: limits above the queue's size and limits in the settings", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_MAX_BATCH: "1" });
  await enqueueEach(mailq, ["a", "b", "c"]);
  assert.equal((await mailq.json(["send"]))[0].sent, 1);
  const [rest] = await mailq.json(["send", "--max-batch", "99", "--max-deferred", "99"]);
  assert.deepEqual([rest.sent, rest.remaining, rest.stopped_by], [2, 0, null]);
});

Deno.test("send: throttle waits after each message", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await enqueueEach(mailq, ["a", "b", "c"]);
  await mailq.ok(["send", "--throttle", "150ms"]);
  const [a = NaN, b = NaN, c = NaN] = server.messages.map((one) => one.at);
  assert.ok(b - a >= 145 && c - b >= 145, `gaps of ${b - a} and ${c - b} ms`);
});

Deno.test("send: 13 mixed priorities go out in exact order", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const given = "low high normal normal low high low normal high normal low high normal".split(" ");
  for (const [i, priority] of given.entries()) {
    await mailq.enqueue(mail({ subject: `${priority} ${i}` }), "--priority", priority);
  }
  const expected = ["high", "normal", "low"].flatMap((wanted) =>
    given.flatMap((priority, i) => priority === wanted ? [`${priority} ${i}`] : [])
  );
  const planned = await mailq.json(["send", "--dry-run"]);
  assert.deepEqual(planned.map((one) => one.subject), expected);
  assert.equal(server.connections, 0, "a dry run sends nothing");
  await mailq.ok(["send", "--concurrency", "1"]);
  assert.deepEqual(subjects(server.messages), expected);
});

Deno.test("send: order and senders are kept", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  for (const name of ["one", "two", "three"]) {
    await mailq.enqueue(mail({ from: `${name}@sender.test`, subject: name }));
  }
  await mailq.enqueue(mail({ subject: "bounce" }), "--from", "<>");
  await mailq.ok(["send", "--concurrency", "1"]);
  assert.deepEqual(subjects(server.messages), ["one", "two", "three", "bounce"]);
  assert.deepEqual(
    server.messages.map((one) => one.from),
    ["one@sender.test", "two@sender.test", "three@sender.test", ""],
  );
});

Deno.test("send: urgent mail that arrives during a pass goes next", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  await enqueueEach(mailq, ["first", "second", "third"]);
  const pass = await mailq.spawn(["send", "--concurrency", "1"]);
  await relay.arrived(1);
  await mailq.enqueue(mail({ subject: "urgent" }), "--priority", "high");
  relay.open();
  assert.equal((await pass.output()).code, 0);
  assert.deepEqual(relay.subjects, ["first", "urgent", "second", "third"]);
});

Deno.test("send: a corrupt row does not stop the run", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const cut = await mailq.enqueue(mail({ subject: "cut" }));
  const lost = await mailq.enqueue(mail({ subject: "lost" }));
  await enqueueEach(mailq, ["whole"]);
  const parts = (id: string) =>
    `part >= (SELECT seq FROM message WHERE id = '${id}') * 4096 AND ` +
    `part < (SELECT seq + 1 FROM message WHERE id = '${id}') * 4096`;
  alterQueue(mailq, `UPDATE body SET bytes = x'46726f6d' WHERE ${parts(cut)}`);
  alterQueue(mailq, `DELETE FROM body WHERE ${parts(lost)}`);
  const [result] = await mailq.json(["send"]);
  assert.deepEqual([result.sent, result.deferred], [1, 2]);
  assert.deepEqual(subjects(server.messages), ["whole"], "no part of a message is sent");
  assert.deepEqual(await mailq.statuses(), { cut: "deferred", lost: "deferred", whole: "sent" });
  const [message] = await mailq.json(["show", cut]);
  assert.match(message.attempts[0].error, /bytes of its body are missing/);
  assert.match(message.attempts[0].traceback, /\n {4}at /);
});

Deno.test("send: one refused and one deferred recipient do not sink the others", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const to = "refuse@a.test, ann@b.test, defer@c.test, ben@d.test";
  const id = await mailq.enqueue(mail({ to }));
  await mailq.ok(["send"]);
  assert.deepEqual(server.messages.map((one) => one.to), [["ann@b.test", "ben@d.test"]]);
  const [message] = await mailq.json(["show", id]);
  assert.equal(message.status, "deferred");
  assert.deepEqual(
    message.recipients.map((one: Record<string, unknown>) => [one.status, one.code, one.enhanced]),
    [
      ["failed", 550, "5.1.1"],
      ["sent", 250, "2.0.0"],
      ["deferred", 451, "4.2.0"],
      ["sent", 250, "2.0.0"],
    ],
  );
  assert.equal(message.attempts[0].result, "partial");
  await mailq.ok(["retry"]);
  await mailq.ok(["send"]);
  assert.equal(server.messages.length, 1, "a retry goes to the open recipients alone");
});

Deno.test("send: what is transient stays, what is permanent is kept aside", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "transient", to: "content-defer@a.test" }));
  await mailq.enqueue(mail({ subject: "permanent", to: "content-refuse@a.test" }));
  await mailq.enqueue(mail({ subject: "all refused", to: "refuse@a.test, refuse2@a.test" }));
  await mailq.enqueue(mail({ subject: "greylisted", to: "defer@a.test, defer2@a.test" }));
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), {
    transient: "deferred",
    permanent: "failed",
    "all refused": "failed",
    greylisted: "deferred",
  });
  await mailq.ok(["retry"]);
  assert.deepEqual(
    (await mailq.json(["list", "--status", "failed"])).map((one) => one.final_reason),
    ["permanent", "permanent"],
  );
});

Deno.test("send: a sender the relay refuses is paused, and the others go on", async () => {
  await using server = new SmtpServer({
    onMail: (sender) => sender.startsWith("bad") ? "550 5.1.8 Bad sender" : null,
  });
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "bad", from: "bad@sender.test" }));
  await mailq.enqueue(mail({ subject: "good" }));
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { bad: "deferred", good: "sent" });
  const [, shown] = await mailq.json(["list"]);
  assert.match(shown.last_reply, /Bad sender/);
});

Deno.test("send: a relay that is down uses up no retry and fails nothing", async () => {
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: "smtp://127.0.0.1:1",
    MAILQ_RETRY_MAX: "0",
    MAILQ_RETRY_LIFETIME: "1s",
  });
  const id = await mailq.enqueue(mail());
  await enqueueEach(mailq, ["b", "c"]);
  alterQueue(mailq, "UPDATE message SET life_from = life_from - 1000000000");
  for (let pass = 0; pass < 3; pass++) {
    await mailq.ok(["retry"]);
    const [result] = await mailq.json(["send"]);
    assert.equal(result.failed, 0);
    assert.equal(result.stopped_by, "relay");
  }
  const [message] = await mailq.json(["show", id]);
  assert.notEqual(message.status, "failed");
  assert.equal(message.recipients[0].retries_used, 0);
  assert.equal((await mailq.json(["list", "--status", "failed"])).length, 0);
});
