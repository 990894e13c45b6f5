import assert from "node:assert/strict";
import fc from "fast-check";
import { readRefusal, REFUSALS } from "../../src/queue/policy/refusals.ts";
import type { Phase, Reply } from "../../src/queue/outcome.ts";
import type { DeliveryOutcome } from "../../src/queue/ports/transport.ts";
import { Pauses } from "../../src/delivery/outlets/pauses.ts";
import { runRound } from "../../src/delivery/pass.ts";
import { HOUR_MS, passOn, passOptions } from "./pass_on.ts";
import { PassingTime } from "./passing_time.ts";
import { QueueFile } from "./queue_file.ts";
import { RunningService } from "./run_service.ts";
import { accept, FAILED, reportOf, type Script, ScriptedRelay, SENT } from "./scripted_relay.ts";
import { planOf, relayNamed, to } from "./several_relays.ts";
import { turn } from "./turn.ts";

const SET_UP: readonly Phase[] = ["greeting", "hello", "auth"];
const TRANSACTION: readonly Phase[] = ["mail", "rcpt", "data", "dot"];

function refusal(line: string, phase: Phase): DeliveryOutcome {
  const [, code = "", enhanced, text = ""] =
    /^(\d{3}) (?:([245]\.\d{1,3}\.\d{1,3}) )?(.*)$/s.exec(line) ?? [];
  // As the transport tells it: before MAIL nothing is about a message.
  const isRelayFault = SET_UP.includes(phase);
  const kind = code.startsWith("5") && !isRelayFault ? "failed" : "deferred";
  return { kind, code: Number(code), enhanced: enhanced ?? null, text, isRelayFault, phase };
}

/** Messages to different recipients, by these senders in turn. */
async function queueMany(queue: QueueFile, count: number, ...senders: string[]): Promise<string[]> {
  return await queue.add(...Array.from({ length: count }, (_, n) => ({
    recipients: [`user${n}@x.test`],
    sender: senders[n % senders.length] ?? "ann@sender.test",
  })));
}

/** A relay that takes mail, then refuses all of it, until it relents. */
class Moody {
  taken = 0;
  tries = 0;
  refusal: DeliveryOutcome | null = null;
  constructor(readonly takesFirst: number, readonly refuses: DeliveryOutcome) {}

  readonly script: Script = (delivery, options) => {
    if (this.refusal === null && this.taken >= this.takesFirst && this.tries === 0) {
      this.refusal = this.refuses;
    }
    if (this.refusal !== null) {
      this.tries++;
      return reportOf(delivery, this.refusal);
    }
    this.taken++;
    return accept(delivery, options);
  };

  relent(): void {
    this.refusal = null;
    this.tries = 1;
  }
}

const ABOUT_US = REFUSALS.filter(({ about }) => about === "relay" || about === "quota");

for (const row of ABOUT_US) {
  // 421 before MAIL is what a relay says that takes no more connections: see throttle_test.ts.
  const anywhere = row.sample.startsWith("421") ? TRANSACTION : [...SET_UP, ...TRANSACTION];
  for (const phase of row.phases ?? anywhere) {
    Deno.test(`refusals: ${row.sample.slice(0, 40)} at ${phase}: nothing fails, all goes later`, async () => {
      await using queue = await QueueFile.make();
      await queueMany(queue, 200);
      const moody = new Moody(30, refusal(row.sample, phase));
      const relay = new ScriptedRelay(moody.script);
      const { wait } = new PassingTime(queue);
      const first = await passOn(queue, { relay, concurrency: 8, wait });
      assert.deepEqual([first.sent, first.failed, first.stoppedBy], [moody.taken, 0, "relay"]);
      // A day of cron passes against the closed door.
      for (let n = 0; n < 4; n++) {
        queue.clock.time += 60_000;
        assert.equal((await passOn(queue, { relay, concurrency: 8, wait })).failed, 0);
      }
      assert.ok(moody.tries <= 12, `${moody.tries} tries`);
      const { relays: [known] } = await queue.store.status();
      assert.ok(known?.refusal !== null && known?.hint !== null);
      moody.relent();
      queue.clock.time += 7 * HOUR_MS;
      await queue.store.requeueDue();
      const last = await passOn(queue, { relay, concurrency: 8 });
      assert.equal(last.failed, 0);
      assert.deepEqual(await queue.statuses(), { sent: 200 });
      assert.deepEqual((await queue.store.status()).relays, [], "and it is well again");
    });
  }
}

for (const row of REFUSALS.filter(({ about }) => about === "throttling")) {
  for (const phase of row.phases ?? [...SET_UP, ...TRANSACTION]) {
    Deno.test(`refusals: ${row.sample.slice(0, 40)} at ${phase}: all goes, more slowly`, async () => {
      await using queue = await QueueFile.make();
      const ids = await queueMany(queue, 200);
      const moody = new Moody(30, refusal(row.sample, phase));
      const relay = new ScriptedRelay(async (delivery, options) => {
        const report = await moody.script(delivery, options, 0);
        await turn();
        if (moody.tries === 5) moody.relent();
        return report;
      });
      const { wait } = new PassingTime(queue);
      for (let pass = 0; pass < 6; pass++) {
        const result = await passOn(queue, { relay, concurrency: 8, wait });
        assert.equal(result.failed, 0);
        if (moody.taken === 200) break;
        queue.clock.time += HOUR_MS;
        await queue.store.requeueDue();
      }
      assert.deepEqual(await queue.statuses(), { sent: 200 });
      for (const id of ids) assert.equal((await queue.show(id)).recipients[0]?.failures, 0);
    });
  }
}

for (const row of REFUSALS.filter(({ about }) => about === "recipient" || about === "message")) {
  for (const phase of row.phases ?? TRANSACTION) {
    Deno.test(`refusals: ${row.sample.slice(0, 40)} at ${phase}: is that message's alone`, async () => {
      await using queue = await QueueFile.make();
      const ids = await queueMany(queue, 200);
      // More in a row than make an unknown reply the relay's.
      const bad = new Set(ids.slice(50, 60));
      const said = refusal(row.sample, phase);
      const relay = new ScriptedRelay((delivery, options) =>
        bad.has(delivery.id) ? reportOf(delivery, said) : accept(delivery, options)
      );
      const result = await passOn(queue, { relay, concurrency: 1 });
      assert.equal(result.sent, 190);
      assert.deepEqual(await queue.statuses(), { sent: 190, [said.kind]: 10 });
      assert.deepEqual((await queue.store.status()).relays, []);
    });
  }
}

for (const row of REFUSALS.filter(({ about }) => about === "sender")) {
  const phase = row.phases?.[0] ?? "rcpt";
  Deno.test(`refusals: ${row.sample.slice(0, 50)}: that sender waits, others go on`, async () => {
    await using queue = await QueueFile.make();
    await queueMany(queue, 100, "bad@sender.test", "good@sender.test");
    let isRefusing = true;
    let tries = 0;
    const relay = new ScriptedRelay((delivery, options) => {
      if (!isRefusing || delivery.sender !== "bad@sender.test") return accept(delivery, options);
      tries++;
      return reportOf(delivery, refusal(row.sample, phase));
    });
    const first = await passOn(queue, { relay, concurrency: 8 });
    assert.deepEqual([first.sent, first.failed], [50, 0]);
    assert.ok(tries <= 8, `${tries} tries`);
    const { pauses: [pause], relays } = await queue.store.status();
    assert.deepEqual([pause?.scope, pause?.value], ["sender", "bad@sender.test"]);
    assert.deepEqual([pause?.until, pause?.isAutomatic], [queue.clock.time + HOUR_MS, true]);
    assert.deepEqual(relays, []);
    // Once the pause is over one message tries it, and the pause doubles.
    queue.clock.time += HOUR_MS;
    await queue.store.requeueDue();
    tries = 0;
    await passOn(queue, { relay, concurrency: 1 });
    assert.equal(tries, 1);
    const again = (await queue.store.status()).pauses[0];
    assert.equal((again?.until ?? 0) - queue.clock.time, 2 * HOUR_MS);
    isRefusing = false;
    assert.ok(
      (await queue.store.resumePart({ scope: "sender", value: "Bad@sender.test" }) ?? 0) > 0,
    );
    await passOn(queue, { relay });
    assert.deepEqual(await queue.statuses(), { sent: 100 });
    assert.deepEqual((await queue.store.status()).pauses, []);
  });
}

Deno.test("refusals: mail of a refused sender that was claimed already waits, too", async () => {
  await using queue = await QueueFile.make();
  await queueMany(queue, 200, "good@sender.test");
  await queueMany(queue, 200, "bad@sender.test");
  const not = refusal("553 5.7.1 Sender address rejected: not owned by user b", "rcpt");
  let tries = 0;
  const relay = new ScriptedRelay((delivery, options) => {
    if (delivery.sender !== "bad@sender.test") return accept(delivery, options);
    tries++;
    return reportOf(delivery, not);
  });
  const result = await passOn(queue, { relay, concurrency: 8 });
  assert.deepEqual([result.sent, result.failed], [200, 0]);
  assert.ok(tries <= 10, `${tries} tries`);
  assert.deepEqual(await queue.statuses(), { sent: 200, deferred: 200 });
});

const GO_AWAY = refusal("554 5.7.1 Rejected by policy", "rcpt");

Deno.test("refusals: users that do not exist are failures, a hundred in a row", async () => {
  await using queue = await QueueFile.make();
  await queueMany(queue, 100);
  const relay = new ScriptedRelay((delivery) => reportOf(delivery, { ...FAILED, phase: "rcpt" }));
  const result = await passOn(queue, { relay });
  assert.deepEqual([result.failed, result.deferred], [100, 0]);
  assert.deepEqual((await queue.store.status()).relays, []);
});

for (const concurrency of [1, 8]) {
  Deno.test(`refusals: an unknown one five times in a row is the relay's, with ${concurrency} connections`, async () => {
    await using queue = await QueueFile.make();
    await queueMany(queue, 200);
    const moody = new Moody(30, GO_AWAY);
    const relay = new ScriptedRelay(moody.script);
    const first = await passOn(queue, { relay, concurrency });
    assert.deepEqual([first.failed, first.stoppedBy], [0, "relay"]);
    assert.ok(moody.tries <= 10, `${moody.tries} tries`);
    const [known] = (await queue.store.status()).relays;
    assert.match(
      known?.lastError ?? "",
      /^it refuses 5 messages in a row: 5\d\d .*Rejected by policy/,
    );
    assert.ok((known?.openUntil ?? 0) > queue.clock.time, "it is left alone at once");
    // The pause over, one refusal is enough.
    queue.clock.time += HOUR_MS;
    moody.tries = 0;
    await passOn(queue, { relay, concurrency });
    assert.equal(moody.tries, 1);
    moody.relent();
    queue.clock.time += HOUR_MS;
    await queue.store.requeueDue();
    await passOn(queue, { relay, concurrency });
    assert.deepEqual(await queue.statuses(), { sent: 200 });
  });
}

Deno.test("refusals: an unknown one counts over passes that are processes of their own", async () => {
  await using queue = await QueueFile.make();
  const moody = new Moody(0, GO_AWAY);
  for (let n = 0; n < 8; n++) {
    await queue.add({ recipients: [`user${n}@x.test`] });
    const result = await passOn(queue, {
      relay: new ScriptedRelay(moody.script),
      store: await queue.open(),
    });
    assert.equal(result.failed, 0);
    queue.clock.time += 1_000;
  }
  assert.equal(moody.tries, 5);
  assert.deepEqual(await queue.statuses(), { deferred: 5, queued: 3 });
});

Deno.test("refusals: an unknown one is the message's where other mail is taken", async () => {
  await using queue = await QueueFile.make();
  const ids = await queueMany(queue, 10);
  const bad = ids.slice(3, 6);
  const relay = new ScriptedRelay((delivery, options) =>
    bad.includes(delivery.id) ? reportOf(delivery, GO_AWAY) : accept(delivery, options)
  );
  const result = await passOn(queue, { relay, concurrency: 1 });
  assert.deepEqual([result.sent, result.failed, result.deferred], [7, 3, 0]);
  for (const id of bad) {
    const { recipients: [recipient] } = await queue.show(id);
    assert.deepEqual([recipient?.state, recipient?.reason], ["failed", "permanent"]);
    assert.match(recipient?.reply ?? "", /Rejected by policy/);
  }
});

Deno.test("refusals: an unknown one to one recipient again and again is not the relay's", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(10);
  const relay = new ScriptedRelay((delivery) => reportOf(delivery, GO_AWAY));
  const result = await passOn(queue, { relay, concurrency: 1 });
  assert.deepEqual([result.deferred, result.stoppedBy], [10, null]);
});

Deno.test("refusals: a message alone that is refused three times has failed", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queueMany(queue, 1);
  const relay = new ScriptedRelay((delivery) => reportOf(delivery, GO_AWAY));
  for (const status of ["deferred", "deferred", "failed"]) {
    await passOn(queue, { relay });
    assert.equal((await queue.show(id)).status, status);
    queue.clock.time += HOUR_MS;
    await queue.store.requeueDue();
  }
});

Deno.test("refusals: who was tried again since does not fail for what was said before", async () => {
  await using queue = await QueueFile.make();
  const [first] = await queueMany(queue, 2);
  let says: DeliveryOutcome = GO_AWAY;
  const relay = new ScriptedRelay((delivery, options) =>
    delivery.id === first ? reportOf(delivery, says) : accept(delivery, options)
  );
  await passOn(queue, { relay, ids: [first ?? ""] });
  says = refusal("451 4.7.1 Greylisted", "rcpt");
  await queue.store.retry({}, { dueOnly: false });
  await passOn(queue, { relay, ids: [first ?? ""] });
  await passOn(queue, { relay });
  assert.equal((await queue.show(first)).status, "deferred");
});

Deno.test("refusals: a relay that refuses us costs the others nothing", async () => {
  await using queue = await QueueFile.make();
  await queue.add(
    ...Array.from({ length: 20 }, (_, n) => ({ recipients: [`u${n}@a.test`] })),
    ...Array.from({ length: 20 }, (_, n) => ({ recipients: [`u${n}@b.test`] })),
  );
  const quota = refusal("550 5.4.5 Daily user sending limit exceeded", "dot");
  const closed = relayNamed("a", (delivery) => reportOf(delivery, quota));
  const open = relayNamed("b");
  const result = await passOn(queue, {
    relays: [planOf(closed), planOf(open)],
    routes: [to("@a.test", "a"), to("@b.test", "b")],
  });
  assert.deepEqual([result.sent, result.failed, open.ids.length], [20, 0, 20]);
  assert.ok(closed.ids.length <= 10);
  const next = await passOn(queue, {
    relays: [planOf(closed), planOf(open)],
    routes: [to("@a.test", "a", "b"), to("@b.test", "b")],
  });
  assert.equal(next.failed, 0);
});

Deno.test("refusals: a relay that refuses us is no use to a route with another one", async () => {
  await using queue = await QueueFile.make();
  await queueMany(queue, 20);
  const quota = refusal("550 5.4.5 Daily user sending limit exceeded", "dot");
  const closed = relayNamed("a", (delivery) => reportOf(delivery, quota));
  const result = await passOn(queue, {
    relays: [planOf(closed), planOf(relayNamed("b"))],
    routes: [to("@x.test", "a", "b")],
  });
  assert.equal(result.sent, 20);
});

Deno.test("pauses: of a sender, a domain, a tag and a relay hold back that mail alone", async () => {
  await using queue = await QueueFile.make();
  const [bySender, byDomain, byTag, free] = await queue.add(
    { sender: "Ann@x.test" },
    { recipients: ["a@Slow.test", "b@fast.test"] },
    { tags: ["news"] },
    {},
  );
  const pause = (scope: "sender" | "domain" | "tag" | "relay", value: string) =>
    queue.store.pausePart({
      scope,
      value,
      reason: "since",
      since: queue.clock.time,
      until: queue.clock.time + HOUR_MS,
      isAutomatic: false,
      times: 0,
      refused: [],
    });
  await pause("sender", "ann@X.test");
  await pause("domain", "slow.test");
  await pause("tag", "news");
  const relay = new ScriptedRelay();
  await passOn(queue, { relay });
  const statusOf = async (id: string | undefined) => (await queue.show(id)).status;
  assert.deepEqual(
    await Promise.all([bySender, byDomain, byTag, free].map(statusOf)),
    ["deferred", "deferred", "deferred", "sent"],
  );
  assert.deepEqual((await queue.show(byDomain)).recipients.map(({ state }) => state), [
    "deferred",
    "sent",
  ]);
  assert.match(
    (await queue.show(bySender)).lastReply ?? "",
    /the sender ann@x.test is paused: since/,
  );
  assert.equal((await queue.show(bySender)).recipients[0]?.failures, 0);
  assert.equal(await queue.store.resumePart({ scope: "tag", value: "news" }), 1);
  assert.equal(await queue.store.resumePart({ scope: "tag", value: "news" }), null);
  await passOn(queue, { relay });
  assert.equal(await statusOf(byTag), "sent");
  queue.clock.time += HOUR_MS;
  await queue.store.requeueDue();
  await passOn(queue, { relay });
  assert.deepEqual(await queue.statuses(), { sent: 4 });
});

Deno.test("pauses: of the only relay ends the pass, with the reason", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(3);
  await queue.store.pausePart({
    scope: "relay",
    value: "default",
    reason: "maintenance",
    since: queue.clock.time,
    until: null,
    isAutomatic: false,
    times: 0,
    refused: [],
  });
  const result = await passOn(queue);
  assert.deepEqual([result.sent, result.stoppedBy, result.remaining], [0, "relay", 3]);
  assert.match(result.downRelays[0]?.error ?? "", /the relay default is paused: maintenance/);
  await queue.store.resumePart({ scope: "relay", value: "default" });
  assert.equal((await passOn(queue)).sent, 3);
});

Deno.test("pauses: one that began in the future is no pause, since the clock was set back", async () => {
  await using queue = await QueueFile.make();
  const year = 365 * 24 * HOUR_MS;
  queue.clock.time += year;
  const quota = refusal("550 5.4.5 Daily user sending limit exceeded", "dot");
  await queueMany(queue, 3);
  await passOn(queue, { relay: new ScriptedRelay((delivery) => reportOf(delivery, quota)) });
  queue.clock.time -= year;
  assert.equal((await passOn(queue)).sent, 3);
});

Deno.test("refusals: the service waits for a relay that refuses us, and sends when it relents", async () => {
  const moody = new Moody(5, refusal("550 5.4.5 Daily user sending limit exceeded", "dot"));
  await using service = await RunningService.make(new ScriptedRelay(moody.script));
  await queueMany(service.queue, 50);
  service.start();
  await service.idle(1);
  assert.ok(moody.tries >= 1 && moody.tries <= 10, `${moody.tries} tries`);
  const { queue } = service;
  for (let minutes = 0; minutes < 50; minutes += 10) {
    const rounds = service.results.length;
    service.advance(10 * 60_000);
    await service.idle(rounds + 1);
  }
  assert.ok(moody.tries <= 10, `${moody.tries} tries within the hour`);
  assert.equal((await queue.store.status()).failed, 0);
  moody.relent();
  for (let hours = 0; hours < 4 && (await queue.store.status()).sent < 50; hours++) {
    const rounds = service.results.length;
    service.advance(HOUR_MS);
    await service.idle(rounds + 1);
  }
  assert.deepEqual(await queue.statuses(), { sent: 50 });
  assert.deepEqual(service.troubles, []);
});

Deno.test("refusals: mail taken that was under way before says nothing of what was refused", async () => {
  await using queue = await QueueFile.make();
  const [slow, ...refused] = await queueMany(queue, 4);
  const others = Promise.withResolvers<void>();
  let isAnswered = 0;
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery, options) => {
    if (delivery.id === slow) {
      await others.promise;
      return accept(delivery, options);
    }
    if (++isAnswered === 1) queueMicrotask(others.resolve);
    return reportOf(delivery, GO_AWAY);
  });
  const proving = new ScriptedRelay();
  await queue.add({ recipients: ["first@x.test"], priority: "high" });
  await passOn(queue, { relay: proving, maxBatch: 1 });
  const plan = { relay, concurrency: 8, rate: null };
  await runRound(passOptions(queue, { relays: [plan] }), {
    worker: await queue.store.registerWorker("send"),
    pace: { onlyUntried: true, mayClaim: () => true },
    proven: new Set(["default"]),
  });
  assert.equal((await queue.show(slow)).status, "sent");
  for (const id of refused) assert.equal((await queue.show(id)).status, "deferred");
});

/** A round with 8 connections in which one message is taken once the store has noted, by `note`, what
 *  the refusal of all others tells; resolves to the ids. */
async function takenLate(
  queue: QueueFile,
  note: "noteRelay" | "notePause",
  refuses: DeliveryOutcome,
): Promise<string[]> {
  const [slow = "", ...refused] = await queueMany(queue, 4, "ann@sender.test");
  const noted = Promise.withResolvers<void>();
  const noting = queue.store[note].bind(queue.store) as (...args: unknown[]) => Promise<unknown>;
  Object.assign(queue.store, {
    [note]: async (...args: unknown[]) => {
      const result = await noting(...args);
      noted.resolve();
      return result;
    },
  });
  const relay = new ScriptedRelay(async (delivery, options) => {
    if (delivery.id !== slow) return reportOf(delivery, refuses);
    await noted.promise;
    return accept(delivery, options);
  });
  await runRound(passOptions(queue, { relays: [{ relay, concurrency: 8, rate: null }] }), {
    worker: await queue.store.registerWorker("send"),
    pace: { onlyUntried: true, mayClaim: () => true },
    proven: new Set(["default"]),
  });
  assert.equal((await queue.show(slow)).status, "sent");
  for (const id of refused) assert.equal((await queue.show(id)).status, "deferred");
  return [slow, ...refused];
}

Deno.test("refusals: mail taken that was under way before does not end the pause for a quota", async () => {
  await using queue = await QueueFile.make();
  await takenLate(
    queue,
    "noteRelay",
    refusal("550 5.4.5 Daily user sending limit exceeded", "rcpt"),
  );
  const { relays } = await queue.store.status();
  assert.equal(relays[0]?.openUntil, queue.clock.time + HOUR_MS);
});

Deno.test("refusals: mail taken that was under way before does not end the pause of its sender", async () => {
  await using queue = await QueueFile.make();
  const not = refusal("553 5.7.1 Sender address rejected: not owned by user b", "rcpt");
  await takenLate(queue, "notePause", not);
  const { pauses } = await queue.store.status();
  assert.equal(pauses[0]?.until, queue.clock.time + HOUR_MS);
});

Deno.test("refusals: one message that is refused as its sender's does not starve the sender", async () => {
  await using queue = await QueueFile.make();
  const [poison, ...others] = await queueMany(queue, 3, "ann@sender.test");
  const not = refusal("550 5.7.1 Sender not allowed to post to this list", "rcpt");
  const relay = new ScriptedRelay((delivery, options) =>
    delivery.id === poison ? reportOf(delivery, not) : accept(delivery, options)
  );
  await passOn(queue, { relay, concurrency: 1 });
  for (let hours = 0; hours < 3; hours++) {
    queue.clock.time += HOUR_MS;
    await queue.store.requeueDue();
    await passOn(queue, { relay, concurrency: 1 });
  }
  for (const id of others) assert.equal((await queue.show(id)).status, "sent");
  assert.equal((await queue.show(poison)).status, "failed", "it is the message's own");
});

Deno.test("refusals: a sender that others of the message are taken from is not paused", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({ recipients: ["a@x.test", "list@x.test"] });
  const not = refusal("550 5.7.1 Sender not allowed to post to this list", "rcpt");
  await passOn(queue, { relay: new ScriptedRelay((delivery) => reportOf(delivery, [SENT, not])) });
  assert.deepEqual((await queue.show(id)).recipients.map(({ state }) => state), ["sent", "failed"]);
  assert.deepEqual(await queue.store.pauses(), []);
});

Deno.test("pauses: what a person has set delivery neither ends nor shortens", async () => {
  await using queue = await QueueFile.make();
  await queueMany(queue, 2, "ann@sender.test");
  const part = { scope: "sender", value: "ann@sender.test" } as const;
  const manual = {
    ...part,
    reason: "by operator",
    since: queue.clock.time + 10 * 60_000,
    until: null,
    isAutomatic: false,
    times: 0,
    refused: [],
  };
  const not = refusal("553 5.7.1 Sender address rejected: not owned by user b", "rcpt");
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery) => {
    await queue.store.pausePart(manual);
    return reportOf(delivery, relay.ids.length === 1 ? not : SENT);
  });
  await passOn(queue, { relay, concurrency: 1 });
  assert.deepEqual(await queue.store.pauses(), [manual]);
  queue.clock.time += HOUR_MS;
  await queue.store.requeueDue();
  await passOn(queue, { relay, concurrency: 1 });
  assert.equal(relay.ids.length, 1, "it holds, and also where its clock was ahead");
  assert.deepEqual(await queue.store.pauses(), [manual]);
});

Deno.test("pauses: when delivery's own ends early, what waited for it goes", async () => {
  await using queue = await QueueFile.make();
  await queueMany(queue, 20, "ann@sender.test");
  const not = refusal("553 5.7.1 Sender address rejected: not owned by user b", "rcpt");
  let isRefused = false;
  const relay = new ScriptedRelay((delivery, options) => {
    if (isRefused) return accept(delivery, options);
    isRefused = true;
    return reportOf(delivery, not);
  });
  await passOn(queue, { relay, concurrency: 1 });
  assert.deepEqual(await queue.statuses(), { deferred: 20 });
  // Another process did not know of the pause, and its mail was taken.
  const { store, clock } = queue;
  const pauses = new Pauses(store, clock).replace(await store.pauses());
  await pauses.noteSent("ann@sender.test", ++clock.time);
  await passOn(queue, { relay, concurrency: 3 });
  assert.deepEqual(await queue.statuses(), { sent: 20 });
});

Deno.test("refusals: the error handler may say that an unknown one is for now", async () => {
  await using queue = await QueueFile.make();
  const [bad] = await queueMany(queue, 3);
  const relay = new ScriptedRelay((delivery, options) =>
    delivery.id === bad ? reportOf(delivery, GO_AWAY) : accept(delivery, options)
  );
  const errorHandler = () =>
    Promise.resolve({ outcome: "deferred" as const, wantsReconnect: false });
  const result = await passOn(queue, { relay, concurrency: 1, errorHandler });
  assert.deepEqual([result.sent, result.deferred, result.failed], [2, 1, 0]);
});

/** What a relay may say to one message, and whether that is about the message. */
const REPLIES: readonly (readonly [DeliveryOutcome, boolean])[] = [
  [{ ...SENT, phase: "dot" }, false],
  [{ ...FAILED, phase: "rcpt" }, true],
  [GO_AWAY, true],
  [refusal("550 Never heard of such a thing", "dot"), true],
  [refusal("550 5.4.5 Daily user sending limit exceeded", "dot"), false],
  [refusal("553 5.7.1 Sender address rejected: not owned by user b", "rcpt"), false],
  [refusal("504 5.5.2 <h>: Helo command rejected: need fully-qualified hostname", "rcpt"), false],
  [refusal("451 4.3.0 Later", "rcpt"), false],
  [refusal("454 4.7.0 Throttling", "dot"), false],
  [{ ...refusal("421 4.3.0 Bye", "greeting"), isRelayFault: true }, false],
];

Deno.test("refusals: whatever a relay says, nobody fails but by a reply about that mail", async () => {
  const reply = fc.nat(REPLIES.length - 1);
  await fc.assert(
    fc.asyncProperty(
      fc.array(reply, { minLength: 5, maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      async (script, concurrency) => {
        await using queue = await QueueFile.make();
        await queueMany(queue, 8, "a@s.test", "b@s.test");
        const said = new Map<string, Reply[]>();
        const sent = new Set<string>();
        let at = 0;
        const relay = new ScriptedRelay((delivery) => {
          const [outcome] = REPLIES[script[at++ % script.length] ?? 0] ?? [SENT];
          said.set(delivery.id, [...said.get(delivery.id) ?? [], outcome]);
          if (outcome.kind === "sent") sent.add(delivery.sender);
          return reportOf(delivery, outcome);
        });
        for (let pass = 0; pass < 6; pass++) {
          await passOn(queue, { relay, concurrency, wait: new PassingTime(queue).wait });
          queue.clock.time += 7 * HOUR_MS;
          await queue.store.requeueDue();
        }
        for await (
          const { id } of queue.store.list({}, { sort: "oldest", after: null, limit: 0 })
        ) {
          const { recipients: [recipient] } = await queue.show(id);
          if (recipient?.state !== "failed") continue;
          if (recipient.reason === "lifetime") {
            assert.ok((said.get(id)?.length ?? 0) >= 3);
            continue;
          }
          assert.equal(recipient.reason, "permanent");
          const last = said.get(id)?.at(-1);
          // Of a sender's refusal other mail of the sender tells that it is about the message.
          const isSenders = readRefusal(last ?? SENT, "rcpt").about === "sender";
          const isAbout = isSenders
            ? sent.has((await queue.show(id)).sender)
            : REPLIES.some(([outcome, isMails]) => outcome === last && isMails);
          assert.ok(isAbout, `failed by ${JSON.stringify(last)}`);
          assert.equal(last?.text, recipient.reply);
          assert.notEqual(readRefusal(last ?? SENT, "rcpt").about, "relay");
        }
      },
    ),
    { numRuns: 40 },
  );
});
