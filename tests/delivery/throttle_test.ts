import assert from "node:assert/strict";
import type { Phase } from "../../src/queue/outcome.ts";
import { NO_LIMITS } from "../../src/queue/policy/throttle.ts";
import type { DeliveryOutcome } from "../../src/queue/ports/transport.ts";
import type { PassResult } from "../../src/delivery/pass.ts";
import { PassingTime } from "./passing_time.ts";
import { HOUR_MS, type OnePassOptions, passOn, POLICY } from "./pass_on.ts";
import { QueueFile } from "./queue_file.ts";
import { accept, FAILED, reportOf, type Script, ScriptedRelay, SENT } from "./scripted_relay.ts";
import { planOf, relayNamed, to } from "./several_relays.ts";
import { turn } from "./turn.ts";

function said(code: number | null, text: string, phase: Phase): DeliveryOutcome {
  const isRelayFault = phase !== "rcpt" && phase !== "dot";
  return { kind: "deferred", code, enhanced: null, text, isRelayFault, phase };
}

const RATE = said(454, "Throttling failure: Maximum sending rate exceeded", "dot");
const LATER = said(451, "4.7.1 slow down", "rcpt");

/** A pass in whose waits the time passes. */
async function pass(queue: QueueFile, options: OnePassOptions): Promise<PassResult> {
  return await passOn(queue, { wait: new PassingTime(queue).wait, ...options });
}

/** A relay that takes so many connections; each is counted from its first message on. */
class Narrow {
  readonly standing = new Set<number>();
  refusals = 0;
  constructor(
    readonly most: number,
    readonly refusal: DeliveryOutcome,
    readonly queue: QueueFile,
  ) {}

  readonly script: Script = async (delivery, options, connection) => {
    if (!this.standing.has(connection)) {
      if (this.standing.size >= this.most) {
        this.refusals++;
        return reportOf(delivery, this.refusal);
      }
      this.standing.add(connection);
    }
    await turn();
    return accept(delivery, options);
  };
}

const ONE_TOO_MANY: readonly DeliveryOutcome[] = [
  said(421, "too many connections", "greeting"),
  said(421, "Service not available", "greeting"),
  said(421, "4.3.2 try again", "hello"),
  said(421, "4.7.0 Concurrent connections limit exceeded", "auth"),
  said(454, "4.7.0 Temporary authentication failure", "auth"),
  said(null, "the server closed the connection", "greeting"),
];

for (const refusal of ONE_TOO_MANY) {
  for (const most of [1, 2, 3]) {
    const what = `${refusal.code ?? "closed"} at ${refusal.phase}, ${refusal.text}`;
    Deno.test(`throttle: a relay that takes ${most} connections gets all mail (${what})`, async () => {
      await using queue = await QueueFile.make();
      await queue.addMany(60);
      const narrow = new Narrow(most, refusal, queue);
      const relay = new ScriptedRelay(narrow.script);
      const result = await pass(queue, { relay });
      assert.deepEqual([result.sent, result.stoppedBy, result.downRelays], [60, null, []]);
      assert.ok(narrow.refusals <= 10, `${narrow.refusals} refusals`);
      const [status] = (await queue.store.status()).relays;
      assert.deepEqual([status?.limits?.connections, status?.failures], [most, 0]);
      // The next pass knows, and asks for no more.
      await queue.addMany(20);
      narrow.standing.clear();
      const before = narrow.refusals;
      assert.equal((await pass(queue, { relay: new ScriptedRelay(narrow.script) })).sent, 20);
      assert.equal(narrow.refusals, before);
      for await (
        const { id } of queue.store.list({}, { sort: "oldest", after: null, limit: 0 })
      ) assert.equal((await queue.show(id)).attempts.length, 1, "a refused connection is none");
    });
  }
}

Deno.test("throttle: a relay that is down costs one message one try, and is no narrow one", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(5);
  const refused = said(null, "the server closed the connection", "greeting");
  const relay = new ScriptedRelay((delivery) => reportOf(delivery, refused));
  const result = await pass(queue, { relay });
  assert.deepEqual([relay.delivered.length, result.stoppedBy, result.deferred], [1, "relay", 1]);
  assert.equal((await queue.store.status()).relays[0]?.limits, null);
});

Deno.test("throttle: a relay that goes down with all connections open teaches no limit", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(40);
  let taken = 0;
  const refused = said(null, "the server closed the connection", "greeting");
  const relay = new ScriptedRelay(async (delivery, options) => {
    await turn();
    return ++taken > 15 ? reportOf(delivery, refused) : accept(delivery, options);
  });
  const result = await pass(queue, { relay });
  assert.deepEqual([result.sent, result.stoppedBy, result.deferred], [15, "relay", 1]);
  const [status] = (await queue.store.status()).relays;
  assert.deepEqual([status?.failures, status?.limits], [1, null]);
});

Deno.test("throttle: what a rule says of a refused connection holds", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(20);
  const narrow = new Narrow(2, said(421, "too many connections", "greeting"), queue);
  const rule = { code: "421", enhanced: null, text: null, action: "relay", waitMs: null } as const;
  const result = await pass(queue, { relay: new ScriptedRelay(narrow.script), rules: [rule] });
  assert.equal(result.stoppedBy, "relay");
});

Deno.test("throttle: 200 messages of which every 15th is told to come later go within 30 s", async () => {
  await using queue = await QueueFile.make();
  const ids = await queue.addMany(200);
  const begun = queue.clock.time;
  let tries = 0;
  const relay = new ScriptedRelay((delivery, options) =>
    ++tries % 15 === 0 ? reportOf(delivery, RATE) : accept(delivery, options)
  );
  const result = await pass(queue, { relay });
  assert.deepEqual([result.sent, result.deferred, result.stoppedBy], [200, 0, null]);
  const seconds = (queue.clock.time - begun) / 1000;
  assert.ok(seconds < 30, `${seconds} s`);
  assert.ok(seconds > 5, `${seconds} s: it was never slowed down`);
  for (const id of ids) assert.equal((await queue.show(id)).recipients[0]?.failures, 0);
  const [status] = (await queue.store.status()).relays;
  assert.ok((status?.limits?.rate ?? 0) > 5, "the rate is learned");
});

Deno.test("throttle: a relay of 14 messages a second is seldom asked for more", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(150);
  const taken: number[] = [];
  let refused = 0;
  const begun = queue.clock.time;
  const relay = new ScriptedRelay((delivery, options) => {
    const now = queue.clock.time;
    if (taken.filter((at) => at > now - 1000).length < 14) {
      taken.push(now);
      return accept(delivery, options);
    }
    refused++;
    return reportOf(delivery, RATE);
  });
  const result = await pass(queue, { relay });
  assert.deepEqual([result.sent, result.stoppedBy], [150, null]);
  assert.ok(refused <= 20, `${refused} refusals`);
  assert.ok(queue.clock.time - begun < 25_000, `${queue.clock.time - begun} ms`);
});

Deno.test("throttle: a relay that takes nothing is asked again after 1, 2, 4 … s, for a minute", async () => {
  await using queue = await QueueFile.make();
  const [first] = await queue.addMany(3);
  const times: number[] = [];
  let isOver = false;
  const relay = new ScriptedRelay((delivery, options) => {
    times.push(queue.clock.time);
    return isOver ? accept(delivery, options) : reportOf(delivery, LATER);
  });
  const result = await pass(queue, { relay, policy: { ...POLICY, max: 0 } });
  assert.deepEqual([result.sent, result.failed, result.stoppedBy], [0, 0, "throttled"]);
  const gaps = times.slice(1).map((at, i) => Math.round((at - (times[i] ?? 0)) / 1000));
  assert.deepEqual(gaps, [1, 2, 4, 8, 16]);
  const { status, lastReply, nextAttemptAt, recipients } = await queue.show(first);
  assert.equal(status, "deferred");
  assert.match(
    lastReply ?? "",
    /the relay default wants its mail more slowly: 451 4.7.1 slow down/,
  );
  assert.equal(recipients[0]?.failures, 0);
  const until = nextAttemptAt ?? 0;
  assert.ok(until > queue.clock.time && until <= queue.clock.time + 60_000);
  const [relayStatus] = (await queue.store.status()).relays;
  assert.equal(relayStatus?.limits?.until, until);
  // The next pass asks once, and is told to wait for longer.
  queue.clock.time = until;
  await queue.store.requeueDue();
  times.length = 0;
  assert.equal((await pass(queue, { relay })).stoppedBy, "throttled");
  assert.equal(times.length, 1);
  // Once it takes mail, all goes.
  isOver = true;
  queue.clock.time += HOUR_MS;
  await queue.store.requeueDue();
  assert.deepEqual([(await pass(queue, { relay })).sent, await queue.statuses()], [3, { sent: 3 }]);
  assert.deepEqual((await queue.store.status()).relays, []);
});

Deno.test("throttle: a pass that begins within a back-off waits for its end", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(2);
  const until = queue.clock.time + 8_000;
  const since = queue.clock.time - 7_000;
  await queue.store.noteLimits("default", { ...NO_LIMITS, backOffs: 4, since, until, reply: "no" });
  let firstAt = 0;
  const relay = new ScriptedRelay((delivery, options) => {
    firstAt ||= queue.clock.time;
    return accept(delivery, options);
  });
  assert.equal((await pass(queue, { relay })).sent, 2);
  assert.ok(firstAt >= until);
});

Deno.test("throttle: who has no patience gives the mail back to the queue", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(2);
  const relay = new ScriptedRelay((delivery) => reportOf(delivery, LATER));
  const result = await pass(queue, { relay, patienceMs: 2_000 });
  assert.deepEqual([result.stoppedBy, result.remaining], ["throttled", 2]);
  assert.ok((result.resumeAt ?? 0) > queue.clock.time);
  assert.deepEqual(await queue.statuses(), { queued: 2 });
});

Deno.test("throttle: one recipient told to come later comes alone, and the message counts once", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({ recipients: ["a@x.test", "b@x.test", "c@x.test"] });
  const tries: (readonly string[])[] = [];
  const relay = new ScriptedRelay((delivery, options) => {
    tries.push(delivery.recipients);
    if (tries.length > 1) return accept(delivery, options);
    return reportOf(delivery, [SENT, LATER, FAILED]);
  });
  const result = await pass(queue, { relay });
  assert.deepEqual(tries, [["a@x.test", "b@x.test", "c@x.test"], ["b@x.test"]]);
  assert.deepEqual([result.sent, result.failed, result.deferred], [0, 1, 0]);
  const { recipients, attempts, status } = await queue.show(id);
  assert.deepEqual(recipients.map(({ state }) => state), ["sent", "sent", "failed"]);
  assert.deepEqual([attempts.length, status], [2, "partial"]);
});

Deno.test("throttle: a message told again and again while others are taken waits, but uses up no retry", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({ recipients: ["slow@x.test"] });
  await queue.addMany(200);
  // So slow that others are taken all the while.
  const learned = { rate: 2, learnedAt: queue.clock.time };
  await queue.store.noteLimits("default", { ...NO_LIMITS, ...learned });
  const relay = new ScriptedRelay(async (delivery, options) => {
    if (delivery.recipients.includes("slow@x.test")) return reportOf(delivery, LATER);
    await turn();
    return accept(delivery, options);
  });
  const policy = { ...POLICY, max: 0 };
  const result = await pass(queue, { relay, concurrency: 2, policy });
  assert.deepEqual([result.sent, result.deferred, result.stoppedBy], [200, 1, null]);
  const { attempts, recipients: [recipient] } = await queue.show(id);
  assert.deepEqual([attempts.length, recipient?.state, recipient?.failures], [8, "deferred", 0]);
});

Deno.test("throttle: a relay that wants less does not keep another's mail", async () => {
  await using queue = await QueueFile.make();
  const mail = (domain: string) => ({ recipients: [`ann@${domain}.test`] });
  await queue.add(...Array.from({ length: 300 }, () => mail("slow")));
  await queue.add(...Array.from({ length: 40 }, () => mail("fast")));
  let at = 0;
  const slow = relayNamed("slow", (delivery) => reportOf(delivery, LATER));
  const fast = relayNamed("fast", (delivery, options) => {
    at = queue.clock.time;
    return accept(delivery, options);
  });
  const begun = queue.clock.time;
  const routes = [to("*@slow.test", "slow"), to("*@fast.test", "fast")];
  const result = await pass(queue, { relays: [planOf(slow), planOf(fast)], routes });
  assert.equal(result.sent, 40);
  assert.ok(at - begun < 20_000, `${at - begun} ms`);
  assert.deepEqual(Object.keys(await queue.statuses()).sort(), ["deferred", "sent"]);
});

Deno.test("throttle: told to stop, a pass gives back what waits for a back-off", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(3);
  const stop = new AbortController();
  const relay = new ScriptedRelay((delivery) => reportOf(delivery, LATER));
  const waits = new PassingTime(queue);
  const wait = (ms: number, signal: AbortSignal) => {
    if (ms <= 20) return waits.wait(ms, signal);
    // The back-off has begun.
    const ended = new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true })
    );
    stop.abort();
    return ended;
  };
  const result = await pass(queue, { relay, signal: stop.signal, wait });
  assert.deepEqual([result.stoppedBy, result.remaining], ["signal", 3]);
  assert.deepEqual(await queue.statuses(), { queued: 3 });
});
