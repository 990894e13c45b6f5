import assert from "node:assert/strict";
import { mail, Mailq } from "../support/mailq.ts";
import { ageQueue, alterQueue } from "./queue_file.ts";

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
