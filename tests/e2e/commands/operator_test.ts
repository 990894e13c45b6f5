import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { ageQueue, alterQueue, DAY_MS } from "../support/queue_file.ts";

/** A queue with a message of each end, and one that is open. */
async function withEachEnd(server: SmtpServer): Promise<Mailq> {
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "sent" }));
  await mailq.enqueue(mail({ subject: "failed", to: "refuse@a.test" }));
  await mailq.enqueue(mail({ subject: "partial", to: "refuse@a.test, ann@a.test" }));
  await mailq.enqueue(mail({ subject: "deferred", to: "defer@a.test" }));
  await mailq.ok(["send"]);
  await mailq.enqueue(mail({ subject: "cancelled" }), "--tag", "gone");
  await mailq.ok(["cancel", "--tag", "gone"]);
  await mailq.enqueue(mail({ subject: "queued" }));
  return mailq;
}

Deno.test("purge: takes sent mail by default, failed mail and all by name", async () => {
  await using server = new SmtpServer();
  await using mailq = await withEachEnd(server);
  const left = async () => Object.keys(await mailq.statuses()).sort();
  assert.deepEqual(await mailq.json(["purge", "--all"]), [{ purged: 1 }]);
  assert.deepEqual(await left(), ["cancelled", "deferred", "failed", "partial", "queued"]);
  assert.deepEqual(await mailq.json(["purge", "--status", "failed"]), [{ purged: 1 }]);
  assert.deepEqual(await left(), ["cancelled", "deferred", "partial", "queued"]);
  assert.deepEqual(await mailq.json(["purge", "--status", "all"]), [{ purged: 2 }]);
  assert.deepEqual(await left(), ["deferred", "queued"]);
});

Deno.test("purge: undelivered mail goes only when asked for by name", async () => {
  await using server = new SmtpServer();
  await using mailq = await withEachEnd(server);
  ageQueue(mailq, 400 * DAY_MS);
  for (const status of ["queued", "deferred", "held", "sending"]) {
    const ended = await mailq.run(["purge", "--status", status]);
    assert.equal(ended.code, 64);
    assert.match(ended.stderr, /--undelivered/);
  }
  const { queued } = Object.fromEntries(
    (await mailq.json(["list"])).map((one) => [one.subject, one.id]),
  );
  const named = await mailq.run(["purge", queued]);
  assert.equal(named.code, 0);
  assert.match(named.stderr, /1 kept: .*--undelivered/);
  assert.equal((await mailq.statuses()).queued, "queued");
  const all = ["purge", "--status", "all", "--undelivered"];
  assert.match(await mailq.ok([...all, "--dry-run"]), /^Would purge 6 messages/);
  assert.deepEqual(await mailq.json(["purge", "--undelivered", queued]), [{ purged: 1 }]);
  assert.equal((await mailq.statuses()).queued, undefined);
  assert.deepEqual(await mailq.json(all), [{ purged: 5 }]);
});

Deno.test("purge --older-than: 31 days old goes at 30, 29 days old stays", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail({ subject: "old" }));
  await mailq.ok(["send"]);
  ageQueue(mailq, 2 * DAY_MS);
  await mailq.enqueue(mail({ subject: "newer" }));
  await mailq.ok(["send"]);
  ageQueue(mailq, 29 * DAY_MS);
  assert.deepEqual(await mailq.json(["purge", "--older-than", "30d"]), [{ purged: 1 }]);
  assert.deepEqual(await mailq.statuses(), { newer: "sent" });
});

Deno.test("purge --older-than: counts from the end, not from the beginning", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail());
  ageQueue(mailq, 31 * DAY_MS);
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.json(["purge", "--older-than", "30d"]), [{ purged: 0 }]);
});

Deno.test("status: as text, as one line and as JSON", async () => {
  await using server = new SmtpServer();
  await using mailq = await withEachEnd(server);
  await mailq.enqueue(mail({ subject: "later" }), "--send-at", "+1d");
  await mailq.enqueue(mail({ subject: "held" }), "--hold");
  ageQueue(mailq, 90_000);
  assert.match(await mailq.ok(["status", "--plain"]), /^1\/1\/9\d\n$/);
  const [status] = await mailq.json(["status"]);
  assert.ok(status.seconds >= 90 && status.seconds < 100, String(status.seconds));
  const counts = {
    queued: 1,
    sending: 0,
    deferred: 1,
    sent: 1,
    partial: 1,
    failed: 1,
    held: 1,
    cancelled: 1,
    suppressed: 0,
    scheduled: 1,
  };
  assert.deepEqual(status, {
    ...counts,
    seconds: status.seconds,
    paused: false,
    paused_until: null,
    paused_reason: null,
    stalled_at: null,
    workers: [],
    relays: [],
    pauses: [],
    hooks: [],
    inbox: { refused: 0, waiting: 0 },
    logins: [],
  });
  const text = await mailq.ok(["status"]);
  for (const [name, count] of Object.entries(counts)) {
    assert.match(text, new RegExp(`^${name} +${count}$`, "m"));
  }
});

Deno.test("status: future and held mail is in no count, and waits for nobody", async () => {
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail(), "--send-at", "+1h");
  await mailq.enqueue(mail(), "--hold");
  assert.equal(await mailq.ok(["status", "--plain"]), "0/0/0\n");
});

Deno.test("status: seconds do not wrap at a day", async () => {
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail());
  ageQueue(mailq, 3 * DAY_MS + 5_000);
  const [, , seconds] = (await mailq.ok(["status", "--plain"])).trim().split("/").map(Number);
  assert.ok(seconds !== undefined && seconds >= 259_205 && seconds < 259_300, String(seconds));
});

Deno.test("every command: an empty queue and one that is not there are clean no-ops", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const quiet = [["send"], ["retry"], ["retry", "--due"], ["purge", "--all"], ["list"], ["status"]];
  for (const args of quiet) {
    const ended = await mailq.run([...args, "--quiet"]);
    assert.deepEqual([ended.code, ended.stderr], [0, ""], args.join(" "));
  }
  assert.match((await mailq.run(["list"])).stderr, /there is no queue at .*mailq enqueue/);
  await assert.rejects(Deno.stat(mailq.queue), Deno.errors.NotFound, "looking makes no queue");
  const id = await mailq.enqueue(mail());
  await mailq.ok(["purge", "--undelivered", id]);
  for (const args of quiet) await mailq.ok(args);
});

Deno.test("list: a message a worker holds shows as sending once its row says so", async () => {
  await using mailq = await Mailq.make();
  const id = await mailq.enqueue(mail());
  alterQueue(mailq, "UPDATE message SET status = 'sending', claim_worker = 99, claim_token = 1");
  alterQueue(mailq, "UPDATE recipient SET state = 'sending'");
  assert.equal((await mailq.json(["list", "--status", "sending"]))[0].id, id);
  const cancelled = await mailq.run(["cancel", id]);
  assert.deepEqual([cancelled.code, cancelled.stdout], [0, "Cancelled 0 messages\n"]);
  assert.match(cancelled.stderr, /1 recipient left alone: being sent at this moment/);
});

Deno.test("hold, release, cancel: by id, by filter and all", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const a = await mailq.enqueue(mail({ subject: "a", to: "x@one.test" }));
  await mailq.enqueue(mail({ subject: "b", to: "y@one.test" }));
  await mailq.enqueue(mail({ subject: "c", to: "z@two.test" }));
  assert.equal(await mailq.ok(["hold", "--to", "@one.test"]), "Held 2 messages\n");
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { a: "held", b: "held", c: "sent" });
  assert.deepEqual(await mailq.json(["release", a]), [
    { changed: 1, unchanged: 0, without_body: 0, sending_recipients: 0 },
  ]);
  assert.deepEqual(await mailq.statuses(), { a: "queued", b: "held", c: "sent" });
  const cancelled = await mailq.run(["cancel", "--all"]);
  assert.equal(cancelled.stdout, "Cancelled 2 messages\n");
  assert.deepEqual(await mailq.statuses(), { a: "cancelled", b: "cancelled", c: "sent" });
  await mailq.ok(["resend", "--status", "cancelled"]);
  // What has come to its end is held no longer.
  assert.deepEqual(await mailq.statuses(), { a: "queued", b: "queued", c: "sent" });
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { a: "sent", b: "sent", c: "sent" });
});

Deno.test("enqueue --expires-in: what could not be sent in time fails, unless it is held", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "late" }), "--expires-in", "1h");
  await mailq.enqueue(mail({ subject: "held" }), "--expires-in", "1h", "--hold");
  await mailq.enqueue(mail({ subject: "in time" }), "--expires-in", "3h");
  ageQueue(mailq, 2 * 60 * 60_000);
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { late: "failed", held: "held", "in time": "sent" });
  assert.equal((await mailq.json(["list", "--status", "failed"]))[0].final_reason, "deadline");
  assert.match(await mailq.ok(["list", "--status", "failed"]), /expired before it could be sent/);
});

Deno.test("enqueue --send-at: mail is sent from its time on, not before", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const id = await mailq.enqueue(mail(), "--send-at", "+1h");
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { Hello: "queued" });
  assert.match(await mailq.ok(["list"]), /not before \d{4}-/);
  const named = await mailq.run(["send", id]);
  assert.match(named.stderr, /is left alone: it is scheduled for later/);
  ageQueue(mailq, 61 * 60_000);
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { Hello: "sent" });
});
