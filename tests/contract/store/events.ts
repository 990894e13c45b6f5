import assert from "node:assert/strict";
import { EVENT_TYPES, type EventType, type NumberedEvent } from "../../../src/queue/event.ts";
import { afterFault, afterRefusal, HEALTHY } from "../../../src/queue/policy/breaker.ts";
import { afterTaken, type Pause } from "../../../src/queue/policy/pause.ts";
import { refusalKey } from "../../../src/queue/policy/refusal_words.ts";
import { withSuspect } from "../../../src/queue/policy/suspicion.ts";
import { NO_LIMITS } from "../../../src/queue/policy/throttle.ts";
import type { EventLog, WantedEvents } from "../../../src/queue/ports/events.ts";
import { attemptOf, enqueued, MINUTE_MS, newMessage, START } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";
import { claimAll, claimOne, worked } from "./claims.ts";

const BIG_BATCH = 2_500;

export function eventTests(test: TestStore): void {
  test("what comes in is told, with all its fields", async ({ store, clock }) => {
    await store.suppress(["bo@example.com"], "gone");
    const id = await enqueued(store, {
      recipients: ["ann@example.com", "Bo@example.com"],
      priority: "high",
      sendAt: START + MINUTE_MS,
      expiresAt: START + 5 * MINUTE_MS,
      isHeld: true,
      tags: ["invoice", "may"],
      key: "invoice-1",
    });
    const events = await allEvents(store);
    assert.deepEqual(events, [
      event(1, "suppression.added", { address: "bo@example.com", reason: "gone" }, clock.now()),
      event(2, "message.enqueued", {
        id,
        sender: "app@sender.example",
        recipients: 2,
        size: 25,
        priority: "high",
        held: true,
        send_at: START + MINUTE_MS,
        expires_at: START + 5 * MINUTE_MS,
        message_id: "<1@sender.example>",
        subject: "hello",
        tags: ["invoice", "may"],
        key: "invoice-1",
        submitter: null,
        replaces: null,
      }),
      event(3, "recipient.suppressed", { id, address: "Bo@example.com" }),
    ]);
  });

  test("a key that is known tells of nothing", async ({ store }) => {
    await enqueued(store, { key: "k" });
    await enqueued(store, { key: "k" });
    const stage = await store.stage();
    await stage.add([newMessage({ key: "k" }), newMessage()]);
    await stage.commit();
    assert.deepEqual(await typesOf(store), ["message.enqueued", "message.enqueued"]);
  });

  test("each outcome is told, of the recipient it is about", async ({ store, clock }) => {
    await using worker = await worked(store);
    const recipients = ["a", "b", "c", "d"].map((name) => `${name}@example.com`);
    const id = await enqueued(store, { recipients });
    const claim = await claimOne(store, worker.handle);
    clock.advance(1_500);
    const endings = { 0: "sent", 1: "failed", 2: { retryAt: START + 9 }, 3: "uncertain" } as const;
    await store.record([attemptOf(claim, endings)]);
    const [, ...events] = await allEvents(store);
    const attempted = { id, attempt: 1, relay: "default", host: "relay.example:25" };
    assert.deepEqual(events.map(({ type, fields }) => [type, fields]), [
      ["recipient.sent", {
        ...attempted,
        address: "a@example.com",
        code: 250,
        enhanced: "2.0.0",
        reply: "ok",
        delay_ms: 1_500,
      }],
      ["recipient.failed", {
        ...attempted,
        address: "b@example.com",
        code: 550,
        enhanced: "5.1.1",
        reply: "no such user",
        final_reason: "permanent",
      }],
      ["recipient.deferred", {
        ...attempted,
        address: "c@example.com",
        code: 450,
        enhanced: "4.2.0",
        reply: "later",
        next_attempt_at: START + 9,
      }],
      ["recipient.uncertain", {
        ...attempted,
        address: "d@example.com",
        code: 450,
        enhanced: "4.2.0",
        reply: "later",
        next_attempt_at: START,
      }],
    ]);
  });

  test("what an operator does is told once, and only what changed", async ({ store }) => {
    await using worker = await worked(store);
    const id = await enqueued(store);
    for (let twice = 0; twice < 2; twice++) await store.hold({});
    for (let twice = 0; twice < 2; twice++) await store.release({});
    for (let twice = 0; twice < 2; twice++) await store.cancel({});
    await store.resend({ ids: [id] }, { unsentOnly: false });
    await store.record([attemptOf(await claimOne(store, worker.handle), "sent")]);
    await store.resend({ ids: [id] }, { unsentOnly: true });
    for (let twice = 0; twice < 2; twice++) await store.pause();
    for (let twice = 0; twice < 2; twice++) await store.resume();
    await store.unsuppress(["x@y.test"]);
    await store.suppress(["x@y.test"], null);
    await store.unsuppress(["X@y.test"]);
    const copy = await store.resendChanged(id, { recipients: ["new@example.com"] });
    await store.purge({ ids: [id] }, { finalBefore: null, includeOpen: false });
    const [, ...events] = await allEvents(store);
    assert.deepEqual(
      events.map(({ type, fields }) => [type, fields.id ?? fields.address]),
      [
        ["message.held", id],
        ["message.released", id],
        ["message.cancelled", id],
        ["message.resent", id],
        ["recipient.sent", id],
        ["queue.paused", undefined],
        ["queue.resumed", undefined],
        ["suppression.added", "x@y.test"],
        ["suppression.removed", "x@y.test"],
        ["message.enqueued", copy.id],
        ["message.purged", id],
      ],
    );
    const [enqueuedCopy, purged] = events.slice(-2);
    assert.equal(enqueuedCopy?.fields.replaces, id);
    assert.deepEqual(purged?.fields, { id, status: "sent", tags: [] });
  });

  test("pauses of parts are told when they begin and when they end", async ({ store, clock }) => {
    const pause = (scope: Pause["scope"], value: string): Pause => ({
      scope,
      value,
      reason: "r",
      since: clock.now(),
      until: null,
      isAutomatic: false,
      times: 0,
      refused: [],
    });
    await store.pausePart(pause("sender", "a@b.test"));
    await store.pausePart(pause("sender", "a@b.test"));
    await store.pausePart(pause("domain", "b.test"));
    await store.pausePart(pause("tag", "t"));
    await store.pausePart(pause("relay", "main"));
    for (const [scope, value] of [["sender", "a@b.test"], ["relay", "main"]] as const) {
      for (let twice = 0; twice < 2; twice++) await store.resumePart({ scope, value });
    }
    const automatic = { ...pause("sender", "c@b.test"), isAutomatic: true };
    await store.notePause({ ...automatic, until: clock.now() + MINUTE_MS });
    await store.notePause({ ...automatic, until: clock.now() });
    assert.deepEqual((await allEvents(store)).map(({ type, fields }) => [type, fields]), [
      ["sender.paused", { sender: "a@b.test", reason: "r", until: null, automatic: false }],
      ["domain.paused", { domain: "b.test", reason: "r", until: null, automatic: false }],
      ["tag.paused", { tag: "t", reason: "r", until: null, automatic: false }],
      ["relay.paused", { relay: "main", reason: "r", until: null, automatic: false }],
      ["sender.resumed", { sender: "a@b.test" }],
      ["relay.resumed", { relay: "main" }],
      ["sender.paused", {
        sender: "c@b.test",
        reason: "r",
        until: clock.now() + MINUTE_MS,
        automatic: true,
      }],
      ["sender.resumed", { sender: "c@b.test" }],
    ]);
  });

  test("a pause whose time is over is told to have ended, once, whoever looks", async (fixture) => {
    const { store, clock } = fixture;
    const other = await fixture.another();
    const pause = (value: string, isAutomatic = false): Pause => ({
      scope: "sender",
      value,
      reason: "r",
      since: clock.now(),
      until: clock.now() + MINUTE_MS,
      isAutomatic,
      times: isAutomatic ? 2 : 0,
      refused: [],
    });
    const resumed = () => typesOf(store, { types: ["sender.resumed", "queue.resumed"] });
    await store.pausePart(pause("a@x.test"));
    await store.notePause(pause("b@x.test", true));
    await store.pause({ until: clock.now() + MINUTE_MS });
    await store.endPauses();
    assert.deepEqual(await resumed(), []);
    assert.equal(await store.nextDueAt(clock.now()), clock.now() + MINUTE_MS);
    clock.advance(MINUTE_MS);
    await Promise.all([store.endPauses(), other.endPauses()]);
    assert.deepEqual(await resumed(), ["queue.resumed", "sender.resumed", "sender.resumed"]);
    const [left, ...more] = await store.pauses();
    assert.deepEqual([left?.value, left?.times, more], ["b@x.test", 2, []], "the next is longer");
    await store.resumePart({ scope: "sender", value: "b@x.test" });
    await store.resume();
    assert.equal((await resumed()).length, 3, "nobody ends it once more");
  });

  test("a pause that nobody saw end is told to have ended by what comes next", async ({ store, clock }) => {
    const pause = (isAutomatic: boolean): Pause => ({
      scope: "sender",
      value: "a@x.test",
      reason: "r",
      since: clock.now(),
      until: clock.now() + MINUTE_MS,
      isAutomatic,
      times: isAutomatic ? 1 : 0,
      refused: [],
    });
    const told = async () => (await allEvents(store)).map(({ type }) => type);
    await store.pausePart(pause(false));
    await store.pause({ until: clock.now() + MINUTE_MS });
    clock.advance(MINUTE_MS);
    await store.pausePart(pause(false));
    await store.pause();
    clock.advance(MINUTE_MS);
    // One that a person has set, and that is over, keeps nobody from another.
    await store.notePause(pause(true));
    clock.advance(MINUTE_MS);
    await store.notePause(afterTaken(pause(true)));
    await store.endPauses();
    assert.deepEqual(await told(), [
      "sender.paused",
      "queue.paused",
      "sender.resumed",
      "sender.paused",
      "queue.resumed",
      "queue.paused",
      "sender.resumed",
      "sender.paused",
      "sender.resumed",
    ]);
  });

  test("that the queue stands still is told once, whoever sees it", async (fixture) => {
    const { store, clock } = fixture;
    const other = await fixture.another();
    const stall = { reason: "r", oldestAt: START, lastSentAt: START + 1, waitsFor: null };
    assert.equal(await store.noteStall(null), false);
    const told = await Promise.all([store, other].map((one) => one.noteStall(stall)));
    assert.deepEqual(told.toSorted(), [false, true]);
    assert.equal((await other.status()).stalledAt, clock.now());
    assert.equal(await other.noteStall(null), true);
    assert.equal((await store.status()).stalledAt, null);
    assert.deepEqual((await allEvents(store)).map(({ type, fields }) => [type, fields]), [
      ["queue.stalled", { reason: "r", oldest_at: START, last_sent_at: START + 1 }],
      ["queue.moving", {}],
    ]);
  });

  test("a relay's turns are told, not each of its faults", async ({ store, clock }) => {
    const now = clock.now();
    const fault = () => store.noteRelay("main", (health) => afterFault(health, "gone", now));
    for (let faults = 0; faults < 5; faults++) await fault();
    const refusal = { key: "k", error: "5.7.1 no", hint: "ask", wait: "quota" } as const;
    await store.noteRelay("main", (health) => afterRefusal(health, refusal, now));
    await store.noteRelay("main", () => HEALTHY);
    await store.noteRelay("main", () => HEALTHY);
    for (let faults = 0; faults < 2; faults++) await fault(); // no third: it was never down
    await store.noteRelay("main", () => HEALTHY);
    for (let faults = 0; faults < 3; faults++) await fault();
    await store.forgetRelay("main");
    await store.noteLimits("main", { ...NO_LIMITS, backOffs: 1, until: now + 5, reply: "slow" });
    await store.noteLimits("main", { ...NO_LIMITS, backOffs: 2, until: now + 9, reply: "slow" });
    await store.noteLimits("main", NO_LIMITS);
    await store.noteLimits("main", {
      ...NO_LIMITS,
      connections: 2,
      ofConnections: 4,
      rate: 3,
      learnedAt: now,
    });
    assert.deepEqual((await allEvents(store)).map(({ type, fields }) => [type, fields]), [
      ["relay.down", { relay: "main", reply: "gone", until: now + MINUTE_MS }],
      ["relay.refusing", {
        relay: "main",
        reply: "5.7.1 no",
        hint: "ask",
        until: now + 60 * MINUTE_MS,
      }],
      ["relay.up", { relay: "main" }],
      ["relay.down", { relay: "main", reply: "gone", until: now + MINUTE_MS }],
      ["relay.up", { relay: "main" }],
      ["relay.throttled", {
        relay: "main",
        reply: "slow",
        connections: null,
        rate: null,
        until: now + 5,
      }],
      ["relay.throttled", { relay: "main", reply: null, connections: 2, rate: 3, until: null }],
    ]);
  });

  test("what happens to mail without an attempt is told too", async (fixture) => {
    const { store, clock } = fixture;
    const now = clock.now();
    const expiring = await enqueued(store, {
      expiresAt: now + 5,
      recipients: ["a@x.test", "b@x.test"],
    });
    const listed = await enqueued(store, { recipients: ["gone@x.test"], createdAt: now + 1 });
    await store.suppress(["gone@x.test"], null);
    const dead = await store.registerWorker("test");
    clock.advance(10);
    const late = await enqueued(store, { createdAt: clock.now() });
    for (const claim of (await claimAll(store, dead)).claims) dead.noteDataBegun(claim.token);
    fixture.abandon(dead);
    await store.takeOver();
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    const until = clock.now() + 7;
    await store.postpone([{ claim, recipients: [0], until, reason: "it rains" }]);
    const events = await allEvents(store);
    assert.deepEqual(
      events.filter(({ type }) => !/enqueued|added/.test(type)).map(({ type, fields }) => [
        type,
        fields.id,
        fields.address ?? fields.recipients,
        fields.final_reason ?? fields.next_attempt_at ?? fields.attempt,
      ]),
      [
        ["message.expired", expiring, 2, undefined],
        ["recipient.failed", expiring, "a@x.test", "deadline"],
        ["recipient.failed", expiring, "b@x.test", "deadline"],
        ["recipient.suppressed", listed, "gone@x.test", undefined],
        ["recipient.uncertain", late, "ann@example.com", 1],
        ["recipient.deferred", late, "ann@example.com", until],
      ],
    );
    assert.equal(events.at(-1)?.fields.reply, "it rains");
  });

  test("mail that three workers died of is told to be held", async (fixture) => {
    const { store } = fixture;
    const id = await enqueued(store);
    for (let time = 0; time < 3; time++) {
      const dead = await store.registerWorker("test");
      dead.noteDataBegun((await claimOne(store, dead)).token);
      fixture.abandon(dead);
      await store.takeOver();
    }
    const uncertain = "recipient.uncertain";
    assert.deepEqual(
      await typesOf(store, { id }),
      [
        "message.enqueued",
        uncertain,
        uncertain,
        "message.held",
        uncertain,
      ].toSorted(),
    );
  });

  test("suspects that fail together are told of one by one", async ({ store }) => {
    await using worker = await worked(store);
    const id = await enqueued(store);
    const claim = await claimOne(store, worker.handle);
    await store.record([attemptOf(claim, { retryAt: START + MINUTE_MS })]);
    const suspect = { seq: claim.seq, recipients: [0], addresses: ["ann@example.com"] };
    const key = refusalKey({ code: 450, enhanced: "4.2.0", text: "later" });
    await store.noteSuspicion(
      "main",
      key,
      (known) => withSuspect(known, { key, text: "later", suspect }, START),
    );
    await store.condemnSuspects("main");
    const failed = await allEvents(store, { types: ["recipient.failed"] });
    assert.deepEqual(failed.map(({ fields }) => [fields.id, fields.final_reason]), [
      [id, "permanent"],
    ]);
  });

  for (const count of [3, BIG_BATCH]) {
    test(`a batch of ${count} is told with its commit, not before`, async (fixture) => {
      const { store, clock } = fixture;
      const other = await fixture.another();
      const stage = await store.stage();
      const messages = Array.from({ length: count }, (_, n) => newMessage({ key: `k${n}` }));
      for (let from = 0; from < count; from += 1_000) {
        await stage.add(messages.slice(from, from + 1_000));
      }
      const taken = messages[1]?.id ?? "";
      const early = await enqueued(other, { key: "k1" });
      const before = await other.newestEvent();
      assert.deepEqual(await typesOf(other), ["message.enqueued"]);
      clock.advance(5);
      await stage.commit();
      const events = await allEvents(other);
      assert.deepEqual(
        events.map(({ fields }) => fields.id),
        [early, ...messages.map(({ id }) => id).filter((id) => id !== taken)],
        "all but the one whose key was taken, in order",
      );
      assert.equal(events.at(-1)?.at, clock.now());
      const later = await other.eventsAfter(before);
      assert.ok(later.events.every(({ number }) => number > before));
      assert.equal(later.events[0]?.fields.key, "k0");
      // From the middle of a batch, too.
      const middle = events[Math.floor(events.length / 2)]?.number ?? 0;
      const [next] = (await other.eventsAfter(middle)).events;
      assert.equal(next?.number, events.find(({ number }) => number > middle)?.number);
    });

    test(`a batch of ${count} that is dropped is told of never`, async ({ store }) => {
      const stage = await store.stage();
      await stage.add(Array.from({ length: count }, () => newMessage()));
      await stage.abort();
      const batch = await store.openBatch(null);
      const joined = await store.joinBatch(batch.token);
      await joined.enqueue([newMessage()]);
      await batch.abort();
      assert.deepEqual(await typesOf(store), []);
      await enqueued(store);
      assert.deepEqual(await typesOf(store), ["message.enqueued"]);
    });

    test(`a batch of ${count} that others add to is told as one`, async ({ store }) => {
      const batch = await store.openBatch(null);
      const joined = await store.joinBatch(batch.token);
      const first = newMessage({ key: "a" });
      await joined.enqueue([first]);
      const inner = await store.openBatch(batch.token);
      const within = await store.joinBatch(inner.token);
      const stage = await within.stage();
      const many = Array.from({ length: count }, () => newMessage());
      await stage.add(many);
      await stage.commit();
      await inner.commit();
      assert.deepEqual(await typesOf(store), []);
      await batch.commit();
      const events = await allEvents(store);
      assert.deepEqual(
        events.map(({ fields }) => fields.id).toSorted(),
        [first, ...many].map(({ id }) => id).toSorted(),
      );
      assert.equal(events.find(({ fields }) => fields.id === first.id)?.fields.key, "a");
    });
  }

  test("a message as large as many commits is told with its size", async ({ store }) => {
    const stage = await store.stage();
    const pieces = async function* () {
      for (let piece = 0; piece < 3; piece++) yield await new Uint8Array(200_000);
    };
    await stage.addLarge(newMessage(), pieces(), () => ({
      sizeBytes: 600_000,
      dotLines: 0,
      isEightBit: false,
    }));
    await stage.commit();
    const [only] = await allEvents(store);
    assert.equal(only?.fields.size, 600_000);
  });

  test("events are chosen by message and by type", async ({ store }) => {
    const ids = [await enqueued(store), await enqueued(store)];
    await store.hold({});
    const [first = ""] = ids;
    assert.deepEqual(await typesOf(store, { id: first }), ["message.enqueued", "message.held"]);
    const held = await allEvents(store, { types: ["message.held", "message.released"] });
    assert.deepEqual(held.map(({ fields }) => fields.id), ids);
    assert.deepEqual(await allEvents(store, { types: [] }), []);
    assert.deepEqual(await typesOf(store, { id: first, types: ["message.held"] }), [
      "message.held",
    ]);
    const page = await store.eventsAfter(0, { types: ["queue.paused"] });
    assert.deepEqual([page.events, page.upTo], [[], await store.newestEvent()]);
  });

  test("who is ahead of the queue is told so, and one that is up to date is not", async ({ store }) => {
    const none = { events: [], deletedTo: null };
    assert.deepEqual(await store.eventsAfter(0), { ...none, upTo: 0, isAhead: false });
    assert.deepEqual(await store.eventsAfter(7), { ...none, upTo: 7, isAhead: true });
    await enqueued(store);
    assert.deepEqual(await store.eventsAfter(1), { ...none, upTo: 1, isAhead: false });
    assert.deepEqual(await store.eventsAfter(2), { ...none, upTo: 2, isAhead: true });
  });

  test("a reader beside many writers misses nothing", async (fixture) => {
    const { store } = fixture;
    const writers = await Promise.all([1, 2, 3].map(() => fixture.another()));
    const ids: string[] = [];
    const seen: string[] = [];
    let after = 0, isOver = false;
    const read = async () => {
      for (let last = false; !last;) {
        last = isOver;
        const { events, upTo } = await store.eventsAfter(after);
        after = upTo;
        seen.push(...events.map(({ fields }) => String(fields.id)));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const write = async (writer: typeof store, n: number) => {
      for (let i = 0; i < 30; i++) {
        if ((i + n) % 5 === 0) {
          const stage = await writer.stage();
          const some = [newMessage(), newMessage()];
          await stage.add(some);
          if (i % 2 === 0) await stage.abort();
          else {
            await stage.commit();
            ids.push(...some.map(({ id }) => id));
          }
        } else ids.push(await enqueued(writer));
      }
    };
    const reading = read();
    await Promise.all(writers.map(write));
    isOver = true;
    await reading;
    assert.deepEqual(seen.toSorted(), ids.toSorted());
  });
}

/** Everything that was told so far. Fails where a number does not grow, or an event has other fields
 *  than its type. */
export async function allEvents(store: EventLog, wanted?: WantedEvents): Promise<NumberedEvent[]> {
  const events: NumberedEvent[] = [];
  for (let after = 0;;) {
    const page = await store.eventsAfter(after, wanted);
    assert.equal(page.deletedTo, null);
    events.push(...page.events);
    if (page.upTo === after) break;
    after = page.upTo;
  }
  for (const [i, { number, type, fields }] of events.entries()) {
    assert.ok(number > (events[i - 1]?.number ?? 0), "numbers grow");
    const [, { fields: names = [] } = {}] = Object.entries(EVENT_TYPES).find(([known]) =>
      known === type
    ) ?? [];
    assert.deepEqual(Object.keys(fields).toSorted(), [...names].toSorted(), type);
  }
  return events;
}

/** The types of the events, sorted where several are of one commit. */
async function typesOf(store: EventLog, wanted?: WantedEvents): Promise<string[]> {
  return (await allEvents(store, wanted)).map(({ type }) => type).toSorted();
}

function event(
  number: number,
  type: EventType,
  fields: Record<string, unknown>,
  at = START,
): NumberedEvent {
  return { number, at, type, fields };
}
