import assert from "node:assert/strict";
import fc from "fast-check";
import { MINUTE_MS } from "../support/queue_messages.ts";
import { alteredStore } from "./altered_store.ts";
import { HOUR_MS, passOn, POLICY } from "./pass_on.ts";
import { QueueFile } from "./queue_file.ts";
import {
  aborted,
  accept,
  DEFERRED,
  FAILED,
  RELAY_DOWN,
  reportOf,
  SENT,
  STOPPED,
} from "./scripted_relay.ts";
import { down, planOf, relayNamed, to } from "./several_relays.ts";

Deno.test("pass: each message goes by the relay its sender or recipient is routed to", async () => {
  await using queue = await QueueFile.make();
  const [plain, inside, bulk] = await queue.add(
    {},
    { recipients: ["bob@inside.test"] },
    { sender: "news@bulk.test" },
  );
  const relays = ["default", "inside", "bulk"].map((name) => relayNamed(name));
  const result = await passOn(queue, {
    relays: relays.map((relay) => planOf(relay)),
    routes: [
      to("@inside.test", "inside"),
      { sender: "*@bulk.test", recipient: null, relays: ["bulk"] },
    ],
  });
  assert.equal(result.sent, 3);
  assert.deepEqual(relays.map(({ ids }) => ids), [[plain], [inside], [bulk]]);
  assert.equal((await queue.show(bulk)).attempts[0]?.relay, "bulk");
});

Deno.test("pass: recipients that go by different relays get an attempt each, in one claim", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({ recipients: ["a@one.test", "b@two.test", "c@one.test"] });
  const one = relayNamed("one");
  const two = relayNamed("two", (delivery) => reportOf(delivery, DEFERRED));
  const result = await passOn(queue, {
    relays: [planOf(one), planOf(two)],
    routes: [to("@one.test", "one"), to("*", "two")],
  });
  assert.deepEqual([result.sent, result.deferred], [0, 1], "it counts by its worst outcome");
  const { status, attempts, recipients } = await queue.show(id);
  assert.equal(status, "deferred");
  assert.deepEqual(
    attempts.map(({ relay, result, outcomes }) => [
      relay,
      result,
      outcomes.map(({ address }) => address),
    ]),
    [["one", "sent", ["a@one.test", "c@one.test"]], ["two", "deferred", ["b@two.test"]]],
  );
  assert.deepEqual(recipients.map(({ state, tries }) => [state, tries]), [
    ["sent", 1],
    ["deferred", 1],
    ["sent", 1],
  ]);
});

Deno.test("pass: where a relay is at fault the next one is tried at once, with no retry used", async () => {
  await using queue = await QueueFile.make();
  const [id, second] = await queue.addMany(2);
  const main = relayNamed("main", down);
  const backup = relayNamed("backup");
  const routes = [to("*", "main", "backup")];
  const result = await passOn(queue, {
    relays: [planOf(main), planOf(backup)],
    routes,
    policy: { ...POLICY, max: 0 },
  });
  assert.deepEqual([result.sent, result.stoppedBy], [2, null]);
  assert.deepEqual(main.ids, [id], "once is enough to leave it alone");
  assert.deepEqual(backup.ids.toSorted(), [id, second].toSorted());
  const { attempts, recipients } = await queue.show(id);
  assert.deepEqual(attempts.map((one) => [one.n, one.relay, one.result]), [
    [1, "main", "deferred"],
    [2, "backup", "sent"],
  ]);
  assert.deepEqual([recipients[0]?.tries, recipients[0]?.failures], [2, 0]);
  assert.deepEqual(result.downRelays.map(({ name }) => name), ["main"]);
});

Deno.test("pass: a refusal by the first relay is no reason to ask the next", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({});
  const main = relayNamed("main", (delivery) => reportOf(delivery, FAILED));
  const backup = relayNamed("backup");
  await passOn(queue, {
    relays: [planOf(main), planOf(backup)],
    routes: [to("*", "main", "backup")],
  });
  assert.deepEqual(backup.ids, []);
  assert.equal((await queue.show(id)).status, "failed");
});

Deno.test("pass: with all of a message's relays down it waits, and every try is told of", async () => {
  await using queue = await QueueFile.make();
  const [id, other] = await queue.add({ recipients: ["a@x.test", "b@y.test"] }, {});
  const relays = [relayNamed("one", down), relayNamed("two", down), relayNamed("default")];
  const result = await passOn(queue, {
    relays: relays.map((relay) => planOf(relay)),
    routes: [to("@x.test", "one", "two")],
    policy: { ...POLICY, max: 0 },
  });
  assert.deepEqual([result.sent, result.deferred, result.failed], [1, 1, 0]);
  const { attempts, recipients } = await queue.show(id);
  assert.deepEqual(attempts.map((one) => [one.relay, one.result]), [
    ["one", "deferred"],
    ["two", "deferred"],
    ["default", "sent"],
  ]);
  assert.deepEqual(recipients.map(({ state, failures }) => [state, failures]), [
    ["deferred", 0],
    ["sent", 0],
  ]);
  assert.equal((await queue.show(other)).status, "sent");
});

Deno.test("pass: a relay that fails three passes in a row is left alone, and tried by one message", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(5);
  let isWell = false;
  const relay = relayNamed(
    "default",
    (delivery, options) => isWell ? accept(delivery, options) : down(delivery, options, 0),
  );
  for (let pass = 1; pass <= 3; pass++) {
    const { stoppedBy, deferred } = await passOn(queue, { relay });
    assert.deepEqual([stoppedBy, deferred, relay.ids.length], ["relay", 1, pass]);
  }
  const since = queue.clock.time;
  const [health] = (await queue.store.status()).relays;
  assert.deepEqual([health?.failures, health?.openUntil], [3, since + MINUTE_MS]);

  const alone = await passOn(queue, { relay });
  assert.equal(relay.ids.length, 3, "it is left alone");
  assert.deepEqual([alone.stoppedBy, alone.deferred, alone.remaining], ["relay", 0, 2]);
  assert.deepEqual(alone.downRelays, [
    {
      name: "default",
      error: "Connection refused",
      isRefusing: false,
      hint: null,
      since,
      until: since + MINUTE_MS,
    },
  ]);
  assert.equal(alone.resumeAt, since + MINUTE_MS);

  queue.clock.time += MINUTE_MS;
  await passOn(queue, { relay });
  assert.equal(relay.ids.length, 4, "one message tries it");
  const [longer] = (await queue.store.status()).relays;
  assert.equal(longer?.openUntil, queue.clock.time + 2 * MINUTE_MS);

  isWell = true;
  await queue.store.retry({}, { dueOnly: true });
  await passOn(queue, { relay });
  assert.equal(relay.ids.length, 4, "retry of what is due leaves it alone");
  await queue.store.retry({}, { dueOnly: false });
  const result = await passOn(queue, { relay });
  assert.deepEqual([result.sent, result.stoppedBy], [5, null]);
  assert.deepEqual((await queue.store.status()).relays, [], "it is well again");
});

Deno.test("pass: what one pass learned of a relay another at the same time heeds later", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(8);
  const other = await queue.open();
  for (let i = 0; i < 2; i++) {
    await Promise.all(
      [queue.store, other].map((store) =>
        passOn(queue, { store, relay: relayNamed("default", down) })
      ),
    );
  }
  const relay = relayNamed("default");
  assert.equal((await passOn(queue, { relay, store: other })).stoppedBy, "relay");
  assert.deepEqual(relay.ids, []);
});

Deno.test("pass: a relay that is down delays only its own mail", async () => {
  await using queue = await QueueFile.make();
  const count = 300;
  await queue.add(...Array.from({ length: count }, (_, n) => ({
    recipients: [n % 10 === 9 ? "bob@well.test" : "bob@ill.test"],
  })));
  const ill = relayNamed("ill", down);
  const well = relayNamed("well");
  const relays = [planOf(ill), planOf(well)];
  const routes = [to("@ill.test", "ill"), to("*", "well")];
  const result = await passOn(queue, { relays, routes });
  assert.equal(ill.ids.length, 1);
  assert.equal(result.sent, 30);
  assert.deepEqual(await queue.statuses(), { sent: 30, deferred: 270 });
  for await (const { id } of queue.store.list({ statuses: ["deferred"] }, ALL)) {
    const { recipients, lastReply, attempts } = await queue.show(id);
    assert.equal(recipients[0]?.failures, 0);
    assert.match(attempts.length > 0 ? "left alone" : lastReply ?? "", /left alone/);
  }
  queue.clock.time += HOUR_MS;
  await queue.store.requeueDue();
  await passOn(queue, { relays: [planOf(relayNamed("ill")), planOf(well)], routes });
  assert.deepEqual(await queue.statuses(), { sent: 300 });
});

const ALL = { sort: "oldest", after: null, limit: 0 } as const;

Deno.test("pass: mail routed to a relay that is not there waits, and says why", async () => {
  await using queue = await QueueFile.make();
  const [id, other] = await queue.add({ recipients: ["a@x.test"] }, {});
  const result = await passOn(queue, {
    relays: [planOf(relayNamed("default"))],
    routes: [to("@x.test", "gone")],
  });
  assert.equal(result.sent, 1);
  assert.equal((await queue.show(other)).status, "sent");
  const { status, lastReply, nextAttemptAt } = await queue.show(id);
  assert.deepEqual([status, lastReply], ["deferred", "no relay is called gone"]);
  assert.equal(nextAttemptAt, queue.clock.time + MINUTE_MS);
});

Deno.test("pass: told to stop between two relays of a message, the rest is given back", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({ recipients: ["a@one.test", "b@two.test"] });
  const stop = new AbortController();
  const one = relayNamed("one", (delivery, options) => {
    options.onDataBegin();
    stop.abort();
    return reportOf(delivery, SENT);
  });
  const two = relayNamed("two");
  const relays = [planOf(one), planOf(two)];
  const routes = [to("@one.test", "one"), to("@two.test", "two")];
  const result = await passOn(queue, { relays, routes, signal: stop.signal });
  assert.equal(result.stoppedBy, "signal");
  assert.deepEqual(two.ids, []);
  const { status, recipients, attempts } = await queue.show(id);
  assert.deepEqual([status, attempts.length], ["queued", 1]);
  assert.deepEqual(recipients.map(({ state, tries }) => [state, tries]), [["sent", 1], [
    "queued",
    0,
  ]]);
  await passOn(queue, { relays, routes });
  assert.deepEqual(two.delivered.map(({ recipients }) => recipients), [["b@two.test"]]);
  assert.equal((await queue.show(id)).status, "sent");
});

Deno.test("pass: told to stop while the second relay connects, the first one's 250 stays", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({ recipients: ["a@one.test", "b@two.test"] });
  const stop = new AbortController();
  const two = relayNamed("two", async (delivery, { signal }) => {
    stop.abort();
    await aborted(signal);
    return reportOf(delivery, STOPPED);
  });
  await passOn(queue, {
    relays: [planOf(relayNamed("one")), planOf(two)],
    routes: [to("@one.test", "one"), to("@two.test", "two")],
    signal: stop.signal,
  });
  const { status, recipients } = await queue.show(id);
  assert.equal(status, "queued");
  assert.deepEqual(recipients.map(({ state, failures }) => [state, failures]), [
    ["sent", 0],
    ["queued", 0],
  ]);
});

Deno.test("pass: a store that fails after the first of two relays repeats nothing unmarked", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({ recipients: ["a@one.test", "b@two.test"] });
  const store = alteredStore(queue.store, {
    record: () => Promise.reject(new Error("broken disk")),
  });
  const relays = [planOf(relayNamed("one")), planOf(relayNamed("two", down))];
  const routes = [to("@one.test", "one"), to("@two.test", "two")];
  await assert.rejects(passOn(queue, { relays, routes, store }), /broken disk/);
  const { status, attempts } = await queue.show(id);
  assert.deepEqual([status, attempts.map(({ result }) => result)], ["queued", ["uncertain"]]);
});

Deno.test("pass: whatever several relays do over several passes, nothing is lost or doubled", async () => {
  const names = ["one", "two", "three"];
  const play = fc.constantFrom("sent", "sent", "deferred", "down", "throw");
  const passes = fc.array(
    fc.record({
      plays: fc.array(fc.array(play, { minLength: 1, maxLength: 9 }), {
        minLength: 3,
        maxLength: 3,
      }),
      rates: fc.array(fc.option(fc.integer({ min: 1, max: 4 })), { minLength: 3, maxLength: 3 }),
      perDomain: fc.option(fc.integer({ min: 1, max: 4 })),
      stopAfter: fc.option(fc.integer({ min: 1, max: 6 })),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const lists = fc.array(fc.shuffledSubarray(names, { minLength: 1 }), {
    minLength: 3,
    maxLength: 3,
  });
  const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(sizes, lists, passes, async (sizes, lists, passes) => {
      await using queue = await QueueFile.make();
      const domains = ["a.test", "b.test", "c.test"];
      const ids = await queue.add(...sizes.map((size) => ({
        recipients: Array.from({ length: size }, (_, n) => `r${n}@${domains[n % 3]}`),
      })));
      const routes = domains.map((domain, i) => to(`@${domain}`, ...lists[i] ?? []));
      const accepted = new Map<string, number>();
      const run = async (
        plays: readonly (readonly string[])[],
        more: {
          rates?: readonly (number | null)[];
          perDomain?: number | null;
          stopAfter?: number | null;
        },
      ) => {
        const stop = new AbortController();
        let handed = 0;
        const relays = names.map((name, i) =>
          relayNamed(name, (delivery, options) => {
            if (++handed === more.stopAfter) stop.abort();
            const play = plays[i]?.[relays[i]!.ids.length % (plays[i]?.length ?? 1)];
            if (play === "throw") throw new Error("broken");
            if (play === "down") return reportOf(delivery, RELAY_DOWN);
            options.onDataBegin();
            if (play === "deferred") return reportOf(delivery, DEFERRED);
            for (const address of delivery.recipients) {
              const route = routes.find((one) => address.endsWith(one.recipient ?? ""));
              assert(route?.relays.includes(name), `${address} by ${name}`);
              const who = `${delivery.id} ${address}`;
              accepted.set(who, (accepted.get(who) ?? 0) + 1);
            }
            return reportOf(delivery, SENT);
          })
        );
        const rateOf = (count: number | null | undefined) =>
          count === null || count === undefined ? null : { count, perMs: MINUTE_MS };
        await passOn(queue, {
          relays: relays.map((relay, i) => planOf(relay, rateOf(more.rates?.[i]))),
          routes,
          ratePerDomain: rateOf(more.perDomain),
          signal: stop.signal,
          policy: { ...POLICY, max: null },
        });
        assert.equal((await queue.store.status()).sending, 0);
        queue.clock.time += HOUR_MS * 2;
        await queue.store.requeueDue();
      };
      for (const { plays, ...more } of passes) await run(plays, more);
      await run(names.map(() => ["sent"]), {});
      for (const id of ids) {
        const { status, recipients, attempts } = await queue.show(id);
        assert.equal(status, "sent");
        for (const { address, failures } of recipients) {
          assert.equal(accepted.get(`${id} ${address}`), 1, address);
          const counted = attempts.filter(({ outcomes }) =>
            outcomes.some((one) =>
              one.address === address && one.kind === "deferred" &&
              one.text !== RELAY_DOWN.text
            )
          );
          assert.equal(failures, counted.length, "a relay's fault uses up no retry");
        }
      }
    }),
    { numRuns: 40 },
  );
});
