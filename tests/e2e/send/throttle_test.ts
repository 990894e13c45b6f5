import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

Deno.test("throttle: a relay that takes three connections gets all mail, and status says what it bears", async () => {
  await using server = new SmtpServer({ maxConnections: 3 });
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueueMany(150);
  const [result] = await mailq.json(["send"]);
  assert.deepEqual([result.sent, result.deferred, result.stopped_by], [150, 0, null]);
  const [{ relays }] = await mailq.json(["status"]);
  assert.deepEqual(relays.map((relay: Record<string, unknown>) => [relay.name, relay.learned]), [
    ["default", { connections: 3, rate: null }],
  ]);
  const text = await mailq.ok(["status"]);
  assert.match(text, /^relay {7}default bears 3 connections$/m);
  // With other settings nothing is known of it.
  await mailq.enqueue(mail());
  await mailq.ok(["send"], { env: { MAILQ_HOSTNAME: "other.test" } });
  assert.deepEqual((await mailq.json(["status"]))[0].relays, []);
});

Deno.test("uncertain = hold: what may have been delivered waits for a person", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: server.url,
    MAILQ_UNCERTAIN: "hold",
    MAILQ_RETRY_MAX: "0",
  });
  const id = await mailq.enqueue(mail({ to: "lose@a.test" }));
  const [result] = await mailq.json(["send"]);
  assert.equal(result.uncertain, 1);
  const [held] = await mailq.json(["show", id]);
  assert.deepEqual([held.status, held.attempts.length], ["held", 1]);
  await mailq.ok(["retry"]);
  await mailq.ok(["send"]);
  assert.equal((await mailq.json(["show", id]))[0].attempts.length, 1);
  await mailq.ok(["release", id]);
  await mailq.ok(["retry", id]);
  await mailq.ok(["send"]);
  assert.equal((await mailq.json(["show", id]))[0].attempts.length, 2);
});
