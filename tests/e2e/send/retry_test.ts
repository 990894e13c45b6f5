import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { ageQueue, DAY_MS } from "../support/queue_file.ts";

const MINUTE_MS = 60_000;

/** Retries and sends until nothing moves; returns the number of attempts. */
async function attemptsInAll(mailq: Mailq, id: string): Promise<number> {
  for (let pass = 0; pass < 5; pass++) {
    await mailq.ok(["send"]);
    const [{ requeued }] = await mailq.json(["retry"]);
    if (requeued === 0) break;
  }
  const [message] = await mailq.json(["show", id]);
  assert.equal(message.status, "failed");
  assert.equal(message.final_reason, "retries");
  return message.attempts.length;
}

Deno.test("retry: deferred mail is untouched until it is retried", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const id = await mailq.enqueue(mail({ to: "defer@a.test" }));
  await mailq.ok(["send"]);
  const [second] = await mailq.json(["send"]);
  assert.deepEqual([second.sent, second.deferred, second.remaining], [0, 0, 0]);
  assert.deepEqual(await mailq.json(["retry"]), [{ requeued: 1, exhausted: 0, limit: null }]);
  await mailq.ok(["send"]);
  const [message] = await mailq.json(["show", id]);
  assert.equal(message.attempts.length, 2);
});

Deno.test("retry: limit 2 gives three attempts", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_RETRY_MAX: "2" });
  const id = await mailq.enqueue(mail({ to: "defer@a.test" }));
  assert.equal(await attemptsInAll(mailq, id), 3);
});

Deno.test("retry: limit 0 never retries", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_RETRY_MAX: "0" });
  const id = await mailq.enqueue(mail({ to: "defer@a.test" }));
  assert.equal(await attemptsInAll(mailq, id), 1);
});

Deno.test("retry: tells how many go back and how many have used up the limit", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_RETRY_MAX: "1" });
  await mailq.enqueue(mail({ to: "defer@old.test" }));
  await mailq.ok(["send"]);
  await mailq.ok(["retry"]);
  await mailq.ok(["send"]);
  await mailq.enqueue(mail({ to: "defer@new.test" }));
  await mailq.ok(["send"]);
  const [elsewhere] = await mailq.json(["retry", "--to", "@other.test"]);
  assert.deepEqual(elsewhere, { requeued: 0, exhausted: 0, limit: 1 }, "only what matches counts");
  assert.equal(
    await mailq.ok(["retry", "--verbose"]),
    "Requeued 1 message\n1 matching message failed for want of retries (limit 1); " +
      "`mailq resend` queues it again\n",
  );
});

Deno.test("retry --due: what is due goes back, at the very minute and not before", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ to: "defer@a.test" }));
  await mailq.ok(["send"]);
  // The first wait is 5 minutes, give or take a tenth.
  ageQueue(mailq, 4 * MINUTE_MS);
  assert.equal((await mailq.json(["retry", "--due"]))[0].requeued, 0);
  ageQueue(mailq, 1.6 * MINUTE_MS);
  assert.equal((await mailq.json(["retry", "--due"]))[0].requeued, 1);
});

Deno.test("send: three failures keep three replies and transcripts", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const id = await mailq.enqueue(mail({ to: "defer@a.test" }));
  for (let pass = 0; pass < 3; pass++) {
    await mailq.ok(["send"]);
    await mailq.ok(["retry"]);
  }
  const [message] = await mailq.json(["show", id]);
  assert.equal(message.tries, 3);
  assert.deepEqual(message.attempts.map((one: { n: number }) => one.n), [1, 2, 3]);
  for (const attempt of message.attempts) {
    assert.equal(attempt.reply, "Try again later");
    assert.match(attempt.transcript, /451 4\.2\.0 Try again later/);
  }
  assert.equal(message.recipients[0].retries_used, 2);
  const told = await mailq.ok(["show", id, "--attempts"]);
  assert.equal(told.match(/^attempt \d .* deferred$/gm)?.length, 3);
  assert.equal(
    told.match(/^ {2}deferred defer@a\.test: 451 4\.2\.0 Try again later$/gm)?.length,
    3,
  );
});

Deno.test("send: failures without a reply keep their tracebacks or what was tried", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "smtp://127.0.0.1:1" });
  const id = await mailq.enqueue(mail());
  for (let pass = 0; pass < 2; pass++) {
    await mailq.ok(["send"]);
    await mailq.ok(["retry"]);
  }
  const [message] = await mailq.json(["show", id]);
  assert.equal(message.attempts.length, 2);
  for (const attempt of message.attempts) assert.match(attempt.error, /127\.0\.0\.1:1/);
});

Deno.test("resend: of a sent one counts, and its history stays", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const id = await mailq.enqueue(mail());
  await mailq.ok(["send"]);
  assert.equal(await mailq.ok(["resend", id]), "Queued again 1 message\n");
  const [again] = await mailq.json(["list"]);
  assert.deepEqual([again.status, again.sent_at], ["queued", null]);
  await mailq.ok(["send"]);
  assert.equal(server.messages.length, 2);
  const [message] = await mailq.json(["show", id]);
  assert.deepEqual(message.attempts.map((one: { result: string }) => one.result), ["sent", "sent"]);
  const ids = server.messages.map((one) =>
    /^Message-ID: (.*)\r$/m.exec(new TextDecoder().decode(one.data))?.[1]
  );
  assert.equal(ids[0], ids[1], "the Message-ID never changes");
});

Deno.test("resend: of a failed one gives it all its retries again", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_RETRY_MAX: "1" });
  const id = await mailq.enqueue(mail({ to: "defer@a.test" }));
  assert.equal(await attemptsInAll(mailq, id), 2);
  await mailq.ok(["resend", id]);
  assert.equal(await attemptsInAll(mailq, id), 4);
});

Deno.test("resend --unsent: goes to those alone it was not sent to", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const id = await mailq.enqueue(mail({ to: "refuse@a.test, ann@b.test" }));
  await mailq.ok(["send"]);
  await mailq.ok(["resend", "--unsent", id]);
  await mailq.ok(["send"]);
  assert.deepEqual(server.messages.map((one) => one.to), [["ann@b.test"]]);
  const [message] = await mailq.json(["show", id]);
  assert.equal(message.status, "partial");
  assert.deepEqual(message.recipients.map((one: { tries: number }) => one.tries), [1, 1]);
});

Deno.test("send: mail is given up after its lifetime, once a relay has answered three times", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "bad", to: "defer@a.test" }));
  await mailq.enqueue(mail({ subject: "good" }));
  // As after holidays without a relay.
  ageQueue(mailq, 6 * DAY_MS);
  for (let answers = 1; answers < 3; answers++) {
    await mailq.ok(["send"]);
    assert.deepEqual(await mailq.statuses(), { bad: "deferred", good: "sent" });
    await mailq.ok(["retry"]);
  }
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { bad: "failed", good: "sent" });
  const [bad] = await mailq.json(["list", "--status", "failed"]);
  assert.equal(bad.final_reason, "lifetime");
});

Deno.test("send: nothing is tried twice in one pass", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: server.url,
    MAILQ_RETRY_SCHEDULE: "0s",
  });
  const id = await mailq.enqueue(mail({ to: "defer@a.test" }));
  await mailq.ok(["send"]);
  assert.equal((await mailq.json(["show", id]))[0].attempts.length, 1);
});
