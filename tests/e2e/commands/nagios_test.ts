import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { ageQueue, alterQueue } from "../support/queue_file.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

Deno.test("status --nagios: one line and the levels 0, 1 and 2", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const level = async (...flags: string[]) => {
    const { code, stdout, stderr } = await mailq.run(["status", "--nagios", ...flags]);
    assert.equal(stderr, "");
    assert.match(stdout, /^MAILQ (OK|WARNING|CRITICAL) - [^|\n]+ \| queued=\d+ [^\n]*\n$/);
    return [code, stdout.split(" ")[1]];
  };
  await mailq.enqueue(mail());
  assert.deepEqual(await level(), [1, "WARNING"], "no pass has ever ended");
  await mailq.ok(["send"]);
  assert.deepEqual(await level(), [0, "OK"]);
  await mailq.enqueue(mail());
  await mailq.enqueue(mail());
  ageQueue(mailq, 20 * 60_000);
  assert.deepEqual(await level(), [1, "WARNING"]);
  assert.deepEqual(await level("-w", "30m"), [0, "OK"]);
  assert.deepEqual(await level("-w", "5m", "-c", "10m"), [2, "CRITICAL"]);
  assert.deepEqual(await level("-w", "1h", "--queued-warn", "1"), [1, "WARNING"]);
  assert.deepEqual(await level("-w", "1h", "--queued-warn", "2"), [0, "OK"]);
  assert.deepEqual(await level("-w", "1h", "--queued-crit", "1"), [2, "CRITICAL"]);
  ageQueue(mailq, 60 * 60_000);
  assert.deepEqual(await level(), [2, "CRITICAL"]);
  await mailq.ok(["send"]);
  await mailq.ok(["pause"]);
  assert.deepEqual(await level(), [1, "WARNING"]);
  await mailq.ok(["resume"]);
  alterQueue(mailq, "UPDATE meta SET value = value - 1000000 WHERE key = 'last_round_at'");
  assert.deepEqual(await level(), [1, "WARNING"], "a silent stall alarms");
});

Deno.test("status --nagios: deferred mail that nobody queues again alarms", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const id = await mailq.enqueue(mail({ to: "defer@receiver.test" }));
  await mailq.ok(["send"]);
  const health = () => mailq.run(["status", "--nagios"]);
  assert.equal((await health()).code, 0);
  // Passes go on, and `retry --due` was forgotten.
  ageQueue(mailq, 30 * 60_000);
  await mailq.ok(["send"]);
  const late = await health();
  assert.equal(late.code, 1);
  assert.match(
    late.stdout,
    /^MAILQ WARNING - deferred mail is overdue for 2\dm \(is `mailq run` or/,
  );
  ageQueue(mailq, 60 * 60_000);
  assert.equal((await health()).code, 2);
  await mailq.ok(["hold", id]);
  const held = await health();
  assert.equal(held.code, 0, "held mail is to wait");
  assert.match(held.stdout, /1 held \|/);
  await mailq.ok(["release", id]);
  await mailq.ok(["retry", "--due"]);
  await mailq.ok(["send"]);
  assert.equal((await health()).code, 0);
});

Deno.test("status --nagios: mail that failed within a day warns, or as the limits say", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ to: "refuse@receiver.test" }));
  await mailq.enqueue(mail({ to: "ann@receiver.test, refuse@receiver.test" }));
  await mailq.ok(["send"]);
  const health = (...flags: string[]) => mailq.run(["status", "--nagios", ...flags]);
  const { code, stdout } = await health();
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^MAILQ WARNING - 2 failed within a day; 0 queued, 0 deferred, 1 failed, 1 partial \| .*failed=1 /,
  );
  assert.equal((await health("--failed-warn", "2")).code, 0);
  assert.equal((await health("--failed-crit", "1")).code, 2);
  ageQueue(mailq, 25 * 60 * 60_000);
  await mailq.ok(["send"]);
  const later = await health();
  assert.equal(later.code, 0, "what failed yesterday was told yesterday");
  assert.match(later.stdout, /^MAILQ OK - .*1 failed, 1 partial/);
});

Deno.test("status --nagios: what a relay says puts nothing behind the bar", async () => {
  await using server = new SmtpServer({ greeting: "554 go | away\u001b[31m" });
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  for (let n = 0; n < 3; n++) {
    await mailq.enqueue(mail());
    await mailq.ok(["send"]);
  }
  const young = await mailq.run(["status", "--nagios"]);
  assert.equal(young.code, 0, "a relay that is just down is told, and no alarm yet");
  assert.match(young.stdout, /^MAILQ OK - .*the relay default refuses our mail for \d+s: /);
  alterQueue(mailq, "UPDATE relay SET down_since = down_since - 1200000");
  const { code, stdout } = await mailq.run(["status", "--nagios"]);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^MAILQ WARNING - the relay default refuses our mail for 2\dm: .*go \/ away[^|]*\|[^|]*\n$/,
  );
  // deno-lint-ignore no-control-regex -- it is what is looked for
  assert.doesNotMatch(stdout, /\x1b/);
});
