import assert from "node:assert/strict";
import { MINUTE_MS } from "../support/queue_messages.ts";
import { alteredStore } from "./altered_store.ts";
import { passOn } from "./pass_on.ts";
import { QueueFile } from "./queue_file.ts";
import { down, planOf, relayNamed, to } from "./several_relays.ts";

const PER_MINUTE = { count: 3, perMs: MINUTE_MS };

/** Waits that move the clock. */
function clockWaits(queue: QueueFile) {
  const asked: number[] = [];
  return {
    asked,
    wait: (ms: number, signal: AbortSignal) => {
      // The recorder's, and the one for messages in DATA, are not the rate's.
      if (ms === 20) return Promise.resolve();
      if (ms === 60_000) {
        return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      }
      asked.push(ms);
      queue.clock.time += ms;
      return Promise.resolve();
    },
  };
}

Deno.test("pass: a relay's rate ends it, and the mail stays queued in its place", async () => {
  await using queue = await QueueFile.make();
  const ids = await queue.addMany(8);
  const relay = relayNamed("default");
  const relays = [planOf(relay, PER_MINUTE)];
  const first = await passOn(queue, { relays });
  assert.deepEqual([first.sent, first.stoppedBy, first.remaining], [3, "rate", 5]);
  const resumeAt = first.resumeAt ?? 0;
  assert(resumeAt > queue.clock.time + MINUTE_MS * 0.9, "it tells when to go on");
  assert.deepEqual(await queue.statuses(), { sent: 3, queued: 5 });
  queue.clock.time = resumeAt;
  const second = await passOn(queue, { relays });
  assert.deepEqual([second.sent, second.stoppedBy], [3, "rate"]);
  assert.deepEqual(relay.ids, ids.slice(0, 6), "in the old order");
});

Deno.test("pass: a relay's rate is shared by passes at the same time and one after the other", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(30);
  const other = await queue.open();
  const relay = relayNamed("default");
  const relays = [planOf(relay, { count: 10, perMs: MINUTE_MS })];
  const results = await Promise.all([
    passOn(queue, { relays }),
    passOn(queue, { relays, store: other }),
  ]);
  assert.equal(results.reduce((sum, { sent }) => sum + sent, 0), 10);
  assert.equal((await passOn(queue, { relays })).sent, 0);
  assert.equal(relay.ids.length, 10);
  assert.deepEqual(await queue.statuses(), { sent: 10, queued: 20 });
});

Deno.test("pass: a rate that has room again soon is waited for", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(6);
  const waits = clockWaits(queue);
  const from = queue.clock.time;
  const relay = relayNamed("default");
  const relays = [planOf(relay, { count: 2, perMs: 1_000 })];
  const result = await passOn(queue, { relays, wait: waits.wait });
  assert.deepEqual([result.sent, result.stoppedBy], [6, null]);
  assert(waits.asked.length >= 2 && waits.asked.every((ms) => ms <= 1_100), `${waits.asked}`);
  assert(queue.clock.time - from >= 2_000, "no second saw more than two");
});

Deno.test("pass: told to stop while it waits for a rate, it gives the mail back", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(3);
  const stop = new AbortController();
  const waits = clockWaits(queue);
  const relays = [planOf(relayNamed("default"), { count: 1, perMs: 1_000 })];
  const result = await passOn(queue, {
    relays,
    signal: stop.signal,
    wait: (ms, signal) => {
      if (ms !== 20 && ms !== 60_000) stop.abort();
      return waits.wait(ms, signal);
    },
  });
  assert.deepEqual([result.sent, result.stoppedBy], [1, "signal"]);
  assert.deepEqual(await queue.statuses(), { sent: 1, queued: 2 });
});

Deno.test("pass: a relay's rate delays only its own mail", async () => {
  await using queue = await QueueFile.make();
  await queue.add(...Array.from({ length: 400 }, (_, n) => ({
    recipients: [n < 390 ? "bob@slow.test" : "bob@fast.test"],
  })));
  const slow = relayNamed("slow");
  const fast = relayNamed("fast");
  const result = await passOn(queue, {
    relays: [planOf(slow, PER_MINUTE), planOf(fast)],
    routes: [to("@slow.test", "slow"), to("*", "fast")],
  });
  assert.deepEqual([slow.ids.length, fast.ids.length, result.sent], [3, 10, 13]);
  assert.deepEqual(await queue.statuses(), { sent: 13, deferred: 387 });
  for await (const { lastReply, tries } of queue.store.list({ statuses: ["deferred"] }, ALL)) {
    assert.deepEqual([lastReply, tries], ["the rate of the relay slow is used up", 0]);
  }
});

const ALL = { sort: "oldest", after: null, limit: 0 } as const;

const BUSY = ["busy.test", "busy.test", "busy.test"];
const CALM = ["calm.test", "calm.test", "calm.test"];

Deno.test("pass: a domain's rate lets that domain's mail wait untried, and no other", async () => {
  await using queue = await QueueFile.make();
  await queue.add(...Array.from({ length: 40 }, (_, n) => ({
    recipients: n % 2 === 0 ? ["bob@Busy.test", "ann@busy.test"] : ["bob@calm.test"],
  })));
  const relay = relayNamed("default");
  const options = { relay, ratePerDomain: PER_MINUTE };
  const result = await passOn(queue, options);
  const domains = relay.delivered.map(({ recipients }) => recipients[0]?.slice(4).toLowerCase());
  assert.deepEqual(domains.sort(), [...BUSY, ...CALM]);
  assert.equal(result.stoppedBy, null);
  for await (const { lastReply, tries } of queue.store.list({ statuses: ["deferred"] }, ALL)) {
    assert.match(lastReply ?? "", /^the rate of the domain (busy|calm)\.test is used up$/);
    assert.equal(tries, 0);
  }
  assert.deepEqual(await queue.statuses(), { sent: 6, deferred: 34 });
  queue.clock.time += 2 * MINUTE_MS;
  assert.equal(await queue.store.requeueDue(), 34);
  assert.equal((await passOn(queue, options)).sent, 6);
});

Deno.test("pass: once a domain's rate is used up the queue is asked for no more shares", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(200);
  let asked = 0;
  const store = alteredStore(queue.store, {
    takeShares: (shares: Parameters<typeof queue.store.takeShares>[0]) => {
      asked++;
      return queue.store.takeShares(shares);
    },
  });
  await passOn(queue, { store, ratePerDomain: PER_MINUTE });
  assert(asked <= 10, `${asked} times`);
  assert.deepEqual(await queue.statuses(), { sent: 3, deferred: 197 });
});

Deno.test("pass: the relay that stands in keeps its own rate", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(8);
  const main = relayNamed("main", down);
  const backup = relayNamed("backup");
  await queue.store.takeShares([{ scope: "relay:backup", rate: PER_MINUTE }]);
  const result = await passOn(queue, {
    relays: [planOf(main), planOf(backup, PER_MINUTE)],
    routes: [to("*", "main", "backup")],
  });
  assert.deepEqual([main.ids.length, backup.ids.length, result.sent], [1, 2, 2]);
});

Deno.test("pass: a failover without room in the other's rate is recorded, and waits", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({});
  const share = { scope: "relay:backup", rate: { count: 1, perMs: MINUTE_MS } };
  await queue.store.takeShares([share]);
  const backup = relayNamed("backup");
  const result = await passOn(queue, {
    relays: [planOf(relayNamed("main", down)), planOf(backup, share.rate)],
    routes: [to("*", "main", "backup")],
  });
  assert.deepEqual([result.sent, result.deferred, backup.ids], [0, 1, []]);
  const { status, attempts, recipients, nextAttemptAt } = await queue.show(id);
  assert.deepEqual([status, attempts.length, recipients[0]?.failures], ["deferred", 1, 0]);
  assert((nextAttemptAt ?? 0) >= queue.clock.time + MINUTE_MS * 0.9);
});

Deno.test("pass: a message for two relays takes a share of both rates", async () => {
  await using queue = await QueueFile.make();
  const both = { recipients: ["a@one.test", "b@two.test"] };
  await queue.add(both, both, both);
  const one = relayNamed("one");
  const two = relayNamed("two");
  await passOn(queue, {
    relays: [planOf(one), planOf(two, { count: 2, perMs: MINUTE_MS })],
    routes: [to("@one.test", "one"), to("@two.test", "two")],
  });
  assert.deepEqual([one.ids.length, two.ids.length], [2, 2]);
  assert.deepEqual(await queue.statuses(), { sent: 2, deferred: 1 });
});
