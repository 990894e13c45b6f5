import assert from "node:assert/strict";
import type { Delivery, DeliveryOutcome } from "../../src/queue/ports/transport.ts";
import { passOn } from "./pass_on.ts";
import { QueueFile } from "./queue_file.ts";
import { DEFERRED, FAILED, reportOf, ScriptedRelay, SENT, UNCERTAIN } from "./scripted_relay.ts";
import { RECORD_MS, Waits } from "./waits.ts";

/** A relay whose answers come only when `after` messages are in hand, or no more will come. */
function slowRelay(after: number, outcome: (n: number) => DeliveryOutcome): ScriptedRelay {
  let n = 0;
  let release: (() => void)[] = [];
  return new ScriptedRelay(async (delivery: Delivery) => {
    const mine = outcome(n++);
    if (n > 1) {
      const gate = new Promise<void>((resolve) => release.push(resolve));
      if (release.length >= after) {
        for (const open of release) open();
        release = [];
      }
      await gate;
    }
    return reportOf(delivery, mine);
  });
}

Deno.test("pass: an empty queue is done at once, without a connection", async () => {
  await using queue = await QueueFile.make();
  const relay: ScriptedRelay = new ScriptedRelay();
  assert.deepEqual(await passOn(queue, { relay }), {
    sent: 0,
    deferred: 0,
    failed: 0,
    uncertain: 0,
    remaining: 0,
    stoppedBy: null,
    downRelays: [],
    pauses: [],
    resumeAt: null,
  });
  assert.equal(relay.opened, 0);
  assert.equal((await queue.store.status()).lastRoundAt, queue.clock.time);
});

Deno.test("pass: all that is queued is sent, and every connection closed", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(100);
  const relay: ScriptedRelay = new ScriptedRelay();
  const result = await passOn(queue, { relay });
  assert.equal(result.sent, 100);
  assert.equal(result.remaining, 0);
  assert.equal(result.stoppedBy, null);
  assert.equal(new Set(relay.ids).size, 100);
  assert.equal(relay.closed, relay.opened);
  assert.deepEqual((await queue.store.status()).workers, []);
  assert.deepEqual(await queue.statuses(), { sent: 100 });
});

Deno.test("pass: max-batch counts the messages in flight", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(30);
  const relay = slowRelay(4, () => SENT);
  // The first alone, then four at once, each of which may be the last one allowed.
  const result = await passOn(queue, { relay, maxBatch: 5 });
  assert.equal(result.sent, 5);
  assert.equal(relay.delivered.length, 5);
  assert.equal(relay.mostBusy, 4);
  assert.equal(result.stoppedBy, "max_batch");
  assert.equal(result.remaining, 25);
  assert.deepEqual(await queue.statuses(), { queued: 25, sent: 5 });
});

Deno.test("pass: max-batch counts what was sent, not what was tried", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(20);
  let n = 0;
  const relay: ScriptedRelay = new ScriptedRelay((delivery) =>
    reportOf(delivery, n++ % 2 === 0 ? DEFERRED : SENT)
  );
  const result = await passOn(queue, { relay, maxBatch: 5 });
  assert.equal(result.sent, 5);
  assert.ok(result.deferred >= 5 && result.deferred <= 6, `${result.deferred} deferred`);
  assert.equal(result.stoppedBy, "max_batch");
});

Deno.test("pass: a message sent to one of its recipients counts as sent for max-batch", async () => {
  await using queue = await QueueFile.make();
  await queue.add(...Array.from({ length: 3 }, () => ({ recipients: ["a@x.test", "b@x.test"] })));
  const relay: ScriptedRelay = new ScriptedRelay((delivery) => reportOf(delivery, [SENT, FAILED]));
  const result = await passOn(queue, { relay, maxBatch: 1 });
  assert.equal(relay.delivered.length, 1);
  assert.equal(result.failed, 1, "it is told by its worst outcome");
  assert.equal(result.stoppedBy, "max_batch");
});

for (
  const [name, outcome, count] of [
    ["deferred", DEFERRED, "deferred"],
    ["failed", FAILED, "failed"],
    ["uncertain", UNCERTAIN, "uncertain"],
  ] as const
) {
  Deno.test(`pass: max-deferred is never exceeded by messages ${name}`, async () => {
    await using queue = await QueueFile.make();
    await queue.addMany(30);
    // The relay is proven by the first, then everything goes wrong, three at a time.
    const relay = slowRelay(3, (n) => n === 0 ? SENT : outcome);
    const result = await passOn(queue, { relay, maxDeferred: 3 });
    assert.equal(result[count], 3);
    assert.equal(result.sent, 1);
    assert.equal(relay.mostBusy, 3);
    assert.equal(result.stoppedBy, "max_deferred");
    assert.equal(result.remaining, 26);
    assert.equal((await queue.statuses()).queued, 26);
  });
}

Deno.test("pass: the smaller of both limits holds", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(20);
  const relay: ScriptedRelay = new ScriptedRelay((delivery) => reportOf(delivery, DEFERRED));
  const result = await passOn(queue, { relay, maxBatch: 5, maxDeferred: 2 });
  assert.equal(result.deferred, 2);
  assert.equal(result.stoppedBy, "max_deferred");
});

Deno.test("pass: with a throttle there is one message at a time, and a pause after each", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(4);
  const relay: ScriptedRelay = new ScriptedRelay();
  const waits = new Waits([RECORD_MS, 300]);
  const result = await passOn(queue, { relay, throttleMs: 300, wait: waits.wait });
  assert.equal(result.sent, 4);
  assert.equal(relay.mostBusy, 1);
  assert.equal(relay.opened, 1);
  assert.equal(waits.asked.filter((ms) => ms === 300).length, 4);
});

Deno.test("pass: during the throttle's pause nothing is sent, and urgent mail comes next", async () => {
  await using queue = await QueueFile.make();
  const [first, second] = await queue.addMany(2);
  const relay: ScriptedRelay = new ScriptedRelay();
  const waits = new Waits([RECORD_MS]);
  const pass = passOn(queue, { relay, throttleMs: 300, wait: waits.wait });
  await waits.begun(300);
  assert.deepEqual(relay.ids, [first]);
  const [urgent] = await queue.add({ priority: "high" });
  for (let n = 2; n <= 3; n++) {
    waits.pass(300);
    await relay.started(n);
    await waits.begun(300);
  }
  waits.pass(300);
  await pass;
  assert.deepEqual(relay.ids, [first, urgent, second]);
});

Deno.test("pass: a signal ends the throttle's pause", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(2);
  const relay: ScriptedRelay = new ScriptedRelay();
  const stop = new AbortController();
  const waits = new Waits([RECORD_MS]);
  const pass = passOn(queue, { relay, throttleMs: 300, wait: waits.wait, signal: stop.signal });
  await waits.begun(300);
  stop.abort();
  const result = await pass;
  assert.equal(result.sent, 1);
  assert.equal(result.stoppedBy, "signal");
  assert.equal(result.remaining, 1);
});

Deno.test("pass: a limit that is reached needs no further pause", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(2);
  const waits = new Waits([RECORD_MS]);
  const result = await passOn(queue, { throttleMs: 300, maxBatch: 1, wait: waits.wait });
  assert.equal(result.sent, 1);
  assert.ok(!waits.asked.includes(300));
});

Deno.test("pass: only the messages named are sent", async () => {
  await using queue = await QueueFile.make();
  const ids = await queue.addMany(5);
  const wanted = [ids[3] ?? "", ids[1] ?? ""];
  const relay: ScriptedRelay = new ScriptedRelay();
  const result = await passOn(queue, { relay, ids: wanted });
  assert.deepEqual(relay.ids, [ids[1], ids[3]], "in queue order");
  assert.equal(result.remaining, 3);
});
