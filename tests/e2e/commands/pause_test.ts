import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

Deno.test("pause: of a sender keeps its mail back until resume, which says how many", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail({ from: "ann@sender.test", subject: "hers" }));
  await mailq.enqueue(mail({ from: "bob@sender.test", subject: "his" }));
  const paused = await mailq.ok(["pause", "--sender", "Ann@Sender.test", "--reason", "wrong link"]);
  assert.equal(
    paused,
    "Paused: nothing of the sender ann@sender.test is sent until " +
      "`mailq resume --sender ann@sender.test`\n",
  );
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { hers: "deferred", his: "sent" });
  const resumed = await mailq.ok(["resume", "--sender", "ann@sender.test"]);
  assert.equal(resumed, "Resumed the sender ann@sender.test: 1 message queued again\n");
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { hers: "sent", his: "sent" });
  const again = await mailq.json(["resume", "--sender", "ann@sender.test"]);
  assert.deepEqual(again, [
    { paused: false, changed: false, scope: "sender", value: "ann@sender.test", requeued: 0 },
  ]);
});

Deno.test("pause: of a part for a while, as JSON; a wrong relay is 64; the whole queue, too", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const before = Date.now();
  const [pause] = await mailq.json(["pause", "--relay", "default", "--for", "2h"]);
  const { until, ...rest } = pause;
  assert.deepEqual(rest, {
    paused: true,
    changed: true,
    scope: "relay",
    value: "default",
    reason: null,
  });
  const ahead = Date.parse(until) - before;
  assert.ok(ahead >= 7_200_000 && ahead < 7_500_000, until);
  const wrong = await mailq.run(["pause", "--relay", "defualt"]);
  assert.equal(wrong.code, 64);
  assert.match(wrong.stderr, /a relay called "defualt": expected one of default/);
  assert.equal((await mailq.run(["resume", "--relay", "bulk"])).code, 64);
  assert.equal((await mailq.json(["status"]))[0].paused, false, "the queue as a whole is not");
  const whole = await mailq.ok(["pause", "--for", "2h", "--reason", "the relay moves"]);
  assert.match(whole, /^Paused: nothing is sent until 2.* or `mailq resume`\n$/);
  assert.match(await mailq.ok(["status"]), /^paused +since 2.*, until 2.*: the relay moves; /m);
  const [status] = await mailq.json(["status"]);
  assert.deepEqual([status.paused, status.paused_reason], [true, "the relay moves"]);
});

Deno.test("a relay's refusals: send, status, list and JSON say who refuses what, and what to do", async () => {
  await using server = new SmtpServer({
    onContent: () => "550 5.4.5 Daily user sending limit exceeded",
  });
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  for (const subject of ["one", "two", "three"]) await mailq.enqueue(mail({ subject }));
  const sent = await mailq.run(["send", "--verbose"]);
  assert.equal(sent.code, 0);
  assert.match(
    sent.stderr,
    /^mailq: the relay refuses our mail: .*5\.4\.5 Daily user sending limit exceeded \(since 2.*, left alone until 2.*: `mailq resume --relay default` ends that\); the relay's limit is used up; .*`mailq resume --relay default` tries at once$/m,
  );
  assert.doesNotMatch(JSON.stringify(await mailq.statuses()), /failed/);
  const status = await mailq.ok(["status"]);
  assert.match(status, /^relay +default refuses our mail since 2.*, left alone until 2.*5\.4\.5/m);
  assert.match(status, /^ +3 messages wait for it; the relay's limit is used up/m);
  const [{ relays, pauses }] = await mailq.json(["status"]);
  assert.deepEqual(pauses, []);
  const { down_since: _, open_until: __, last_error: ___, hint, ...rest } = relays[0];
  assert.deepEqual(rest, {
    name: "default",
    failures: 1,
    learned: null,
    refusing: true,
    refusal: "550 5.4.5 Daily user sending limit exceeded",
    waiting: 3,
  });
  assert.match(hint, /`mailq resume --relay default` tries at once/);
  assert.match(
    await mailq.ok(["list", "--status", "queued"]),
    /the relay default refuses our mail: .*; tried again (2\d{3}-\d\d-\d\d )?\d\d:\d\d:\d\d/,
  );
  const resumed = await mailq.ok(["resume", "--relay", "default"]);
  assert.match(resumed, /^Resumed the relay default: 1 message queued again\n$/);
});

Deno.test("a sender that is refused: send and status name it and the command that mends", async () => {
  await using server = new SmtpServer({
    onMail: (sender) =>
      sender.startsWith("bad") ? "553 5.7.1 Sender address rejected: not owned by user" : null,
  });
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ from: "bad@sender.test", subject: "one" }));
  await mailq.enqueue(mail({ from: "bad@sender.test", subject: "two" }));
  await mailq.enqueue(mail({ subject: "other" }));
  const sent = await mailq.run(["send", "--verbose"]);
  assert.match(
    sent.stderr,
    /^mailq: the sender bad@sender\.test is paused since 2.* until 2.*: 553 5\.7\.1 .*; the relay does not let us send as this sender.*`mailq resume --sender bad@sender\.test`$/m,
  );
  assert.deepEqual(await mailq.statuses(), { one: "deferred", two: "deferred", other: "sent" });
  const status = await mailq.ok(["status"]);
  assert.match(status, /^paused +the sender bad@sender\.test since 2.* until 2.*: 553 5\.7\.1 /m);
  assert.match(status, /^ +2 messages wait for it; .*`mailq resume --sender bad@sender\.test`$/m);
  const [{ pauses: [pause] }] = await mailq.json(["status"]);
  const { since: _, until: __, ...rest } = pause;
  assert.deepEqual(rest, {
    scope: "sender",
    value: "bad@sender.test",
    reason: "553 5.7.1 Sender address rejected: not owned by user",
    automatic: true,
    waiting: 2,
  });
  const health = await mailq.run(["status", "--nagios"]);
  assert.equal(health.code, 1);
  assert.match(health.stdout, /^MAILQ WARNING - the sender bad@sender\.test is paused: 553/);
});

Deno.test("resume: of a relay that failed once queues its mail; what is paused otherwise is named", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "smtp://127.0.0.1:1" });
  await mailq.enqueue(mail());
  await mailq.ok(["send"]);
  const resumed = await mailq.ok(["resume", "--relay", "default"]);
  assert.match(resumed, /Resumed the relay default: 1 message queued again/);
  await mailq.ok(["pause", "--sender", "ann@sender.test"]);
  for (const args of [["resume"], ["resume", "--sender", "nobody@sender.test"], ["retry", "-v"]]) {
    const { stderr } = await mailq.run(args);
    assert.match(stderr, /the sender ann@sender\.test is paused: `mailq resume --sender ann@/);
  }
});
