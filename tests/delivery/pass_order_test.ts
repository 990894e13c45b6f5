import assert from "node:assert/strict";
import { PRIORITIES } from "../../src/queue/message.ts";
import { HOUR_MS, passOn } from "./pass_on.ts";
import { alteredStore } from "./altered_store.ts";
import { QueueFile } from "./queue_file.ts";
import { accept, DEFERRED, FAILED, reportOf, ScriptedRelay, SENT } from "./scripted_relay.ts";

Deno.test("pass: one at a time, mail goes by priority, then by age", async () => {
  await using queue = await QueueFile.make();
  const shuffled = ["low", "normal", "now", "high", "normal", "low", "high", "now"] as const;
  const ids = await queue.add(...shuffled.map((priority) => ({ priority })));
  const relay: ScriptedRelay = new ScriptedRelay();
  await passOn(queue, { relay, concurrency: 1 });
  const want = PRIORITIES.flatMap((priority) => ids.filter((_, i) => shuffled[i] === priority));
  assert.deepEqual(relay.ids, want);
  assert.equal(relay.opened, 1);
});

Deno.test("pass: urgent mail that arrives during a pass goes next", async () => {
  await using queue = await QueueFile.make();
  const ids = await queue.addMany(6);
  let urgent: string[] = [];
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery) => {
    queue.clock.time += 1000; // so slow that nothing is claimed ahead
    if (delivery.id === ids[2]) urgent = await queue.add({ priority: "now" });
    return reportOf(delivery, SENT);
  });
  await passOn(queue, { relay, concurrency: 1 });
  assert.deepEqual(relay.ids, [...ids.slice(0, 3), ...urgent, ...ids.slice(3)]);
});

Deno.test("pass: of a fast relay's queue many are claimed in one commit, of a slow one's few", async () => {
  for (const [msEach, count, mostClaims] of [[0, 1_600, 30], [10, 200, 200]] as const) {
    await using queue = await QueueFile.make();
    await queue.addMany(count);
    const sizes: number[] = [];
    const store = alteredStore(queue.store, {
      claimDue: async (...args: Parameters<typeof queue.store.claimDue>) => {
        const batch = await queue.store.claimDue(...args);
        sizes.push(batch.claims.length);
        return batch;
      },
    });
    const relay = new ScriptedRelay((delivery) => {
      queue.clock.time += msEach;
      return reportOf(delivery, SENT);
    });
    await passOn(queue, { relay, store, concurrency: 1 });
    const claims = sizes.filter((size) => size > 0);
    assert.ok(claims.length <= mostClaims, `${claims.length} claims`);
    assert.equal(Math.max(...claims), msEach === 0 ? 512 : 2, "20 ms of work");
  }
});

Deno.test("pass: mail that arrives while the last one is sent goes in the same pass", async () => {
  await using queue = await QueueFile.make();
  const [first] = await queue.addMany(1);
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery) => {
    if (delivery.id === first) await queue.addMany(2);
    return reportOf(delivery, SENT);
  });
  assert.equal((await passOn(queue, { relay })).sent, 3);
});

Deno.test("pass: one connection until the relay has answered, then up to the limit", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(12);
  const gate = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery, _, transport) => {
    await (transport === 0 && relay.delivered.length === 1 ? first.promise : gate.promise);
    return reportOf(delivery, SENT);
  });
  const pass = passOn(queue, { relay, concurrency: 4 });
  await relay.started(1);
  assert.equal(relay.opened, 1);
  first.resolve();
  await relay.started(5);
  assert.equal(relay.opened, 4);
  assert.equal(relay.busy, 4);
  gate.resolve();
  await pass;
  assert.equal(relay.mostBusy, 4);
  assert.equal(relay.opened, 4, "connections are kept from one message to the next");
  assert.equal(relay.closed, 4);
});

Deno.test("pass: a refusal proves the relay as well as an acceptance", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(3);
  const gate = Promise.withResolvers<void>();
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery) => {
    if (relay.delivered.length === 1) return reportOf(delivery, FAILED);
    if (relay.delivered.length === 3) gate.resolve();
    await gate.promise;
    return reportOf(delivery, SENT);
  });
  const result = await passOn(queue, { relay });
  assert.equal(relay.mostBusy, 2);
  assert.equal(result.failed, 1);
  assert.equal(result.sent, 2);
});

Deno.test("pass: messages that break by themselves open no more connections", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(5);
  const relay: ScriptedRelay = new ScriptedRelay((delivery) =>
    Promise.resolve(reportOf(delivery, { ...DEFERRED, code: null }))
  );
  const result = await passOn(queue, { relay });
  assert.equal(result.deferred, 5);
  assert.equal(relay.mostBusy, 1);
});

Deno.test("pass: nothing is tried twice in one pass, though it was put back meanwhile", async () => {
  await using queue = await QueueFile.make();
  const ids = await queue.addMany(6);
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery) => {
    await queue.store.retry({}, { dueOnly: false });
    return reportOf(delivery, DEFERRED);
  });
  const result = await passOn(queue, { relay, concurrency: 2 });
  assert.equal(result.deferred, 6);
  assert.deepEqual(relay.ids.toSorted(), ids.toSorted());
});

Deno.test("pass: each of several recipients gets its own end, and a retry goes to the open ones", async () => {
  await using queue = await QueueFile.make();
  const recipients = ["a@x.test", "b@x.test", "c@x.test", "d@x.test"];
  const [id] = await queue.add({ recipients });
  const first = await passOn(queue, {
    relay: new ScriptedRelay((delivery) => reportOf(delivery, [SENT, DEFERRED, FAILED, DEFERRED])),
  });
  assert.deepEqual(first, { ...first, sent: 0, deferred: 1, failed: 0, uncertain: 0 });
  let message = await queue.show(id);
  assert.equal(message.status, "deferred");
  assert.deepEqual(
    message.recipients.map((one) => one.state),
    ["sent", "deferred", "failed", "deferred"],
  );
  assert.deepEqual(message.attempts[0]?.outcomes.map((one) => one.kind), [
    "sent",
    "deferred",
    "failed",
    "deferred",
  ]);
  assert.equal(message.attempts[0]?.result, "partial");

  queue.clock.time += 2 * HOUR_MS;
  await queue.store.retry({}, { dueOnly: true });
  const relay: ScriptedRelay = new ScriptedRelay();
  await passOn(queue, { relay });
  assert.deepEqual(relay.delivered.map((one) => one.recipients), [["b@x.test", "d@x.test"]]);
  message = await queue.show(id);
  assert.equal(message.status, "partial");
  assert.deepEqual(message.recipients.map((one) => one.tries), [1, 2, 1, 2]);
});

Deno.test("pass: mail that expired or was suppressed does not end the pass before the rest", async () => {
  await using queue = await QueueFile.make();
  await queue.store.suppress(["late@x.test"], null);
  const dead = { expiresAt: queue.clock.time + 1000, priority: "high" } as const;
  const [a, b, c] = await queue.add(dead, dead, dead);
  await queue.store.unsuppress(["late@x.test"]);
  const [d] = await queue.add({ recipients: ["late@x.test"], priority: "high" });
  const [live] = await queue.add({});
  const relay: ScriptedRelay = new ScriptedRelay();
  // They run out after the pass has looked for such mail.
  const store = alteredStore(queue.store, {
    expireDue: async () => {
      queue.clock.time += 2000;
      await queue.store.suppress(["late@x.test"], null);
      return 0;
    },
  });
  const result = await passOn(queue, { relay, store, concurrency: 1 });
  assert.deepEqual(relay.ids, [live]);
  assert.equal(result.sent, 1);
  assert.equal(result.remaining, 0);
  for (const id of [a, b, c]) assert.equal((await queue.show(id)).finalReason, "deadline");
  assert.equal((await queue.show(d)).status, "suppressed");
});

Deno.test("pass: held and future mail stays where it is", async () => {
  await using queue = await QueueFile.make();
  await queue.add({ isHeld: true }, { sendAt: queue.clock.time + HOUR_MS }, {});
  const relay: ScriptedRelay = new ScriptedRelay(accept);
  assert.equal((await passOn(queue, { relay })).sent, 1);
  queue.clock.time += HOUR_MS;
  assert.equal((await passOn(queue, { relay })).sent, 1);
  assert.deepEqual(await queue.statuses(), { held: 1, sent: 2 });
});
