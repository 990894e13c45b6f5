import assert from "node:assert/strict";
import { MailqError } from "../../src/queue/errors.ts";
import type { Store } from "../../src/queue/ports/store.ts";
import { SqliteWorker } from "../../src/store/sqlite/claims/workers.ts";
import { MINUTE_MS } from "../support/queue_messages.ts";
import { alteredStore } from "./altered_store.ts";
import { HOUR_MS } from "./pass_on.ts";
import { RunningService } from "./run_service.ts";
import { aborted, accept, DEFERRED, reportOf, SENT, STOPPED } from "./scripted_relay.ts";
import { down, planOf, relayNamed } from "./several_relays.ts";

const DAY_MS = 24 * HOUR_MS;

Deno.test("service: sends what others commit, as soon as they do", async () => {
  const relay = relayNamed("default");
  await using service = await RunningService.make(relay);
  const { queue } = service;
  const other = await queue.open();
  await queue.add({});
  service.start();
  await relay.started(1);
  for (let n = 2; n <= 6; n++) {
    await other.enqueue([queue.message()]);
    await relay.started(n);
  }
  service.stop.abort();
  await service.ended;
  assert.deepEqual(await queue.statuses(), { sent: 6 });
  assert.deepEqual((await queue.store.status()).workers, []);
});

Deno.test("service: misses nothing that is committed while it goes round", async () => {
  const relay = relayNamed("default");
  await using service = await RunningService.make(relay);
  const { queue } = service;
  const other = await queue.open();
  // Committed when the round has looked for the last time.
  let isFirst = true;
  const store = alteredStore(queue.store, {
    noteRound: async () => {
      if (isFirst) await other.enqueue([queue.message()]);
      isFirst = false;
      await queue.store.noteRound();
    },
  });
  service.start({ store });
  await relay.started(1);
});

Deno.test("service: brings the search index up to date once the queue is quiet", async () => {
  await using service = await RunningService.make(relayNamed("default"));
  const { queue } = service;
  const other = await queue.open();
  const indexed: number[] = [];
  const watchers: (() => void)[] = [];
  const store = alteredStore(queue.store, {
    bringSearchUpToDate: async (options) => {
      let count = 0;
      await queue.store.bringSearchUpToDate({ ...options, onProgress: (done) => count = done });
      indexed.push(count);
      watchers.pop()?.();
    },
  });
  await queue.add({}, {});
  service.start({ store });
  await new Promise<void>((resolve) => watchers.push(resolve));
  assert.deepEqual(indexed, [2]);
  // Soon after that a lull is waited for, and new mail ends it.
  await other.enqueue([queue.message()]);
  await service.idle(2);
  assert.deepEqual(indexed, [2]);
  assert(service.asked.includes(1_000));
  const again = new Promise<void>((resolve) => watchers.push(resolve));
  service.advance(1_000);
  await again;
  assert.deepEqual(indexed, [2, 1]);
});

Deno.test("service: a search index that cannot be written holds up no mail", async () => {
  const relay = relayNamed("default");
  await using service = await RunningService.make(relay);
  const { queue } = service;
  const other = await queue.open();
  const store = alteredStore(queue.store, {
    bringSearchUpToDate: () => Promise.reject(new MailqError("disk_full", "full")),
  });
  service.start({ store });
  await service.idle(1);
  await other.enqueue([queue.message()]);
  await relay.started(1);
  assert.deepEqual(service.troubles, []);
});

Deno.test("service: tries deferred mail again when it is due, to the minute", async () => {
  let isWell = false;
  const relay = relayNamed(
    "default",
    (delivery, options) => isWell ? accept(delivery, options) : reportOf(delivery, DEFERRED),
  );
  await using service = await RunningService.make(relay);
  const [id] = await service.queue.add({});
  service.start();
  await service.idle(1);
  isWell = true;
  const { nextAttemptAt } = await service.queue.show(id);
  while ((nextAttemptAt ?? 0) - service.queue.clock.time > 30_000) {
    const rounds = service.results.length;
    service.advance(30_000);
    await service.idle(rounds + 1);
  }
  assert.equal(relay.ids.length, 1);
  service.advance((nextAttemptAt ?? 0) - service.queue.clock.time);
  await relay.started(2);
});

Deno.test("service: sends scheduled mail at its time, and fails what expires", async () => {
  const relay = relayNamed("default");
  await using service = await RunningService.make(relay);
  const { queue } = service;
  service.change({ intervalMs: HOUR_MS });
  const { time } = queue.clock;
  const [scheduled] = await queue.add({ sendAt: time + 10_000 });
  const [expiring] = await queue.add({ sendAt: time + DAY_MS, expiresAt: time + 20_000 });
  service.start();
  await service.idle(1);
  service.advance(time + 10_000 - queue.clock.time);
  await relay.started(1);
  assert.deepEqual(relay.ids, [scheduled]);
  await service.idle(2);
  service.advance(10_000);
  await service.idle(3);
  assert.equal((await queue.show(expiring)).finalReason, "deadline");
});

Deno.test("service: takes over what a dead worker had in hand", async () => {
  const relay = relayNamed("default");
  await using service = await RunningService.make(relay);
  const { queue } = service;
  const [id] = await queue.add({});
  const { worker } = await queue.claimOne();
  service.start();
  await service.idle(1);
  assert.deepEqual(relay.ids, [], "its worker lives");
  assert(worker instanceof SqliteWorker);
  worker.lock?.release();
  await relay.started(1);
  assert.deepEqual(relay.ids, [id]);
});

Deno.test("service: a relay that is left alone is tried again when its pause is over", async () => {
  const relay = relayNamed("default", down);
  await using service = await RunningService.make(relay);
  const { queue } = service;
  service.change({ intervalMs: HOUR_MS });
  await queue.addMany(5);
  service.start();
  for (let fault = 1; fault <= 3; fault++) {
    await service.idle(fault);
    assert.equal(relay.ids.length, fault);
    service.change({});
  }
  await service.idle(4);
  assert.equal(relay.ids.length, 3);
  service.advance(MINUTE_MS - 1);
  assert.equal(relay.ids.length, 3);
  service.advance(1);
  await relay.started(4);
});

Deno.test("service: a rate that is used up is gone on with when it has room", async () => {
  const relay = relayNamed("default");
  await using service = await RunningService.make(relay);
  const { queue } = service;
  service.change({
    intervalMs: HOUR_MS,
    pass: service.pass({ relays: [planOf(relay, { count: 2, perMs: MINUTE_MS })] }),
  });
  await queue.addMany(5);
  service.start();
  await service.idle(1);
  assert.equal(relay.ids.length, 2);
  const [first] = service.results;
  service.advance((first?.resumeAt ?? 0) - queue.clock.time);
  await relay.started(4);
});

Deno.test("service: finished mail is purged by its retention, once an hour", async () => {
  const relay = relayNamed("default");
  await using service = await RunningService.make(relay);
  const { queue } = service;
  service.change({
    retention: { sentMs: DAY_MS, failedMs: null, eventsMs: DAY_MS },
    intervalMs: HOUR_MS,
  });
  await queue.add({});
  const kept = await queue.add({ sendAt: queue.clock.time + 100 * DAY_MS });
  service.start();
  await service.idle(1);
  assert.deepEqual(await queue.statuses(), { sent: 1, queued: 1 });
  service.advance(DAY_MS + 1);
  await service.idle(2);
  assert.deepEqual(await queue.statuses(), { queued: kept.length });
});

Deno.test("service: --once does one round, with what is due, and ends", async () => {
  const relay = relayNamed("default");
  await using service = await RunningService.make(relay);
  const { queue } = service;
  const [id] = await queue.add({});
  const { worker, claim } = await queue.claimOne();
  const until = queue.clock.time;
  await queue.store.postpone([{ claim, recipients: [0], until, reason: "" }]);
  await worker.close();
  await service.start({ isOnce: true }).ended;
  assert.deepEqual(relay.ids, [id]);
  assert.deepEqual([service.results.length, service.results[0]?.sent], [1, 1]);
  assert.notEqual((await queue.store.status()).lastRoundAt, null);
});

for (const code of ["disk_full", "busy", "io_error"] as const) {
  Deno.test(`service: survives ${code}, and holds on to nothing it could not record`, async () => {
    const relay = relayNamed("default");
    await using service = await RunningService.make(relay);
    const { queue } = service;
    let isFull = true;
    const failing = (method: "record" | "giveBack") => (...args: never[]) =>
      isFull
        ? Promise.reject(new MailqError(code, "Cannot write the queue"))
        : Reflect.apply(queue.store[method], queue.store, args);
    const store = alteredStore(queue.store, {
      record: failing("record"),
      giveBack: failing("giveBack"),
    });
    const [id] = await queue.addMany(3);
    service.start({ store });
    await service.idle(1);
    assert.deepEqual([service.troubles[0]?.code, service.results.length], [code, 0]);
    isFull = false;
    service.advance(30_000);
    await service.idle(2);
    assert.deepEqual(await queue.statuses(), { sent: 3 });
    const results = (await queue.show(id)).attempts.map(({ result }) => result);
    assert.deepEqual(results, ["uncertain", "sent"]);
  });
}

Deno.test("service: a queue that cannot be watched when it begins is waited for", async () => {
  const relay = relayNamed("default");
  await using service = await RunningService.make(relay);
  const { queue } = service;
  let isAway = true;
  const store = alteredStore(queue.store, {
    changed: (signal: AbortSignal) =>
      isAway
        ? Promise.reject(new MailqError("busy", "Cannot reach the queue"))
        : queue.store.changed(signal),
  });
  const [id] = await queue.add({});
  service.start({ store });
  // The trouble of its round, and of the pause behind it.
  await service.idle(2);
  assert.deepEqual([service.troubles[0]?.code, relay.ids], ["busy", []]);
  isAway = false;
  service.advance(30_000);
  await service.idle(3);
  assert.deepEqual(relay.ids, [id]);
});

Deno.test("service: a queue that is damaged ends it", async () => {
  await using service = await RunningService.make(relayNamed("default"));
  const broken = new MailqError("queue_corrupt", "Cannot read the queue");
  const store = alteredStore(service.queue.store, {
    expireDue: () => Promise.reject(broken),
  });
  await assert.rejects(service.start({ store }).ended, broken);
  assert.deepEqual((await service.queue.store.status()).workers, []);
});

Deno.test("service: what it can do nothing about keeps it from no rest", async () => {
  await using service = await RunningService.make(relayNamed("default"));
  const { queue } = service;
  await queue.add({ sendAt: queue.clock.time + 1_000 });
  await queue.store.pause();
  service.start();
  await service.idle(1);
  service.advance(1_000);
  await service.idle(2);
  assert.deepEqual(service.asked.slice(-1), [30_000], "it is due, but the queue is paused");
  await (await queue.open()).resume();
  await service.idle(3);
  assert.deepEqual(await queue.statuses(), { sent: 1 });
});

Deno.test("service: other settings are in force from the next round, which comes at once", async () => {
  const before = relayNamed("default", down);
  const after = relayNamed("default");
  await using service = await RunningService.make(before);
  await service.queue.addMany(2);
  service.start();
  await service.idle(1);
  service.change({ pass: service.pass({ relays: [planOf(after)] }) });
  await after.started(1);
  assert.equal(before.ids.length, 1);
});

Deno.test("service: mail claimed after the settings changed goes out by the new ones", async () => {
  const gate = Promise.withResolvers<void>();
  const before = relayNamed("default", async (delivery, options) => {
    await gate.promise;
    return accept(delivery, options);
  });
  const after = relayNamed("default");
  await using service = await RunningService.make(before);
  await service.queue.addMany(1);
  service.start();
  await before.started(1);
  const [late] = await service.queue.add({});
  service.change({ pass: service.pass({ relays: [planOf(after)] }) });
  gate.resolve();
  await Promise.race([after.started(1), before.started(2)]);
  assert.deepEqual([before.ids.length, after.ids], [1, [late]]);
});

Deno.test("service: told to stop, it finishes what is in DATA and gives back the rest", async () => {
  const relay = relayNamed("default", async (delivery, { onDataBegin, signal }) => {
    if (relay.ids.length === 1) return accept(delivery, { onDataBegin, signal });
    if (relay.ids.length === 2) onDataBegin();
    await aborted(signal);
    return reportOf(delivery, relay.ids[1] === delivery.id ? SENT : STOPPED);
  });
  await using service = await RunningService.make(relay);
  await service.queue.addMany(6);
  service.start();
  await relay.started(4);
  service.stop.abort();
  await service.ended;
  assert.deepEqual(await service.queue.statuses(), { sent: 2, queued: 4 });
  assert.deepEqual((await service.queue.store.status()).workers, []);
});

Deno.test("service: while idle it writes nothing but its heartbeat, once a minute", async () => {
  await using service = await RunningService.make(relayNamed("default"));
  service.change({ intervalMs: DAY_MS });
  const { queue } = service;
  const other = await queue.open();
  service.start();
  await service.idle(1);
  const { time } = queue.clock;
  for (let minute = 1; minute <= 2; minute++) {
    const beaten = beats(other, time + minute * MINUTE_MS);
    service.advance(MINUTE_MS);
    await beaten;
    await service.idle(1);
  }
  assert.equal(service.results.length, 1);
});

/** Resolves once the service's heartbeat is of this time. */
async function beats(store: Store, at: number): Promise<void> {
  for (;;) {
    await store.changed(new AbortController().signal);
    const heartbeats = (await store.status()).workers.map(({ heartbeatAt }) => heartbeatAt);
    if (heartbeats.includes(at)) return;
  }
}

Deno.test("service: two of them do not keep each other awake with their heartbeats", async () => {
  const relay = relayNamed("default");
  await using service = await RunningService.make(relay);
  const { queue } = service;
  let written = 0;
  const store = alteredStore(queue.store, {
    noteRound: () => {
      written++;
      return queue.store.noteRound();
    },
  });
  service.start({ store });
  const other = await queue.open();
  for (let n = 1; n <= 5; n++) {
    await service.idle(n);
    await other.enqueue([queue.message()]);
    await relay.started(n);
  }
  assert.equal(written, 1, "the time stands still");
});

Deno.test("service: a round that does not end for new mail leaves time for the rest", async () => {
  await using service = await RunningService.make(relayNamed("default"));
  const { queue } = service;
  const other = await queue.open();
  const relay = relayNamed("default", async (delivery, options) => {
    queue.clock.time += 3_000;
    await other.enqueue([queue.message()]);
    return accept(delivery, options);
  });
  service.change({ pass: service.pass({ relays: [planOf(relay)] }) });
  await queue.add({}, { sendAt: queue.clock.time + DAY_MS, expiresAt: queue.clock.time + 20_000 });
  service.start();
  await relay.started(20);
  assert((await queue.statuses()).failed === 1, "what expired has failed");
  const { lastRoundAt, workers } = await queue.store.status();
  assert(queue.clock.time - (lastRoundAt ?? 0) < MINUTE_MS);
  assert(queue.clock.time - (workers[0]?.heartbeatAt ?? 0) < MINUTE_MS);
});
