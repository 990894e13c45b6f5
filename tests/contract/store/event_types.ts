import assert from "node:assert/strict";
import type { EventType } from "../../../src/queue/event.ts";
import { afterFault, afterRefusal, HEALTHY } from "../../../src/queue/policy/breaker.ts";
import type { Pause } from "../../../src/queue/policy/pause.ts";
import { NO_LIMITS } from "../../../src/queue/policy/throttle.ts";
import { attemptOf, enqueued, MINUTE_MS, START } from "../../support/queue_messages.ts";
import type { StoreFixture, TestStore } from "../store_contract.ts";
import { claimOne, worked } from "./claims.ts";
import { allEvents } from "./events.ts";

/** Makes each type of event happen. A type without a way to make it does not compile. */
const HAPPENINGS: Readonly<Record<TypeOfStore, (fixture: StoreFixture) => Promise<unknown>>> = {
  "message.enqueued": ({ store }) => enqueued(store),
  "message.held": async ({ store }) => {
    await enqueued(store);
    await store.hold({});
  },
  "message.released": async ({ store }) => {
    await enqueued(store, { isHeld: true });
    await store.release({});
  },
  "message.restored": async ({ store }) => {
    const ids = [await enqueued(store)];
    const undo = await store.undo();
    await undo.remember(ids);
    await store.hold({});
    await undo.note(ids);
    await undo.takeBack();
  },
  "message.cancelled": async ({ store }) => {
    await enqueued(store);
    await store.cancel({});
  },
  "message.expired": async ({ store, clock }) => {
    await enqueued(store, { expiresAt: START + 1 });
    clock.advance(2);
    await store.expireDue();
  },
  "message.purged": async ({ store }) => {
    await enqueued(store);
    await store.purge({}, { finalBefore: null, includeOpen: true });
  },
  "message.resent": async ({ store }) => {
    await enqueued(store);
    await store.cancel({});
    await store.resend({}, { unsentOnly: false });
  },
  "recipient.sent": (fixture) => attempted(fixture, "sent"),
  "recipient.deferred": (fixture) => attempted(fixture, { retryAt: START + MINUTE_MS }),
  "recipient.failed": (fixture) => attempted(fixture, "failed"),
  "recipient.uncertain": (fixture) => attempted(fixture, "uncertain"),
  "recipient.suppressed": async ({ store }) => {
    await store.suppress(["ann@example.com"], null);
    await enqueued(store, { recipients: ["ann@example.com"] });
  },
  "relay.down": (fixture) => faulty(fixture),
  "relay.refusing": ({ store, clock }) =>
    store.noteRelay(
      "main",
      (health) =>
        afterRefusal(health, { key: "k", error: "no", hint: null, wait: "quota" }, clock.now()),
    ),
  "relay.up": async (fixture) => {
    await faulty(fixture);
    await fixture.store.noteRelay("main", () => HEALTHY);
  },
  "relay.throttled": ({ store }) => store.noteLimits("main", { ...NO_LIMITS, backOffs: 1 }),
  "relay.paused": (fixture) => paused(fixture, "relay"),
  "relay.resumed": (fixture) => ended(fixture, "relay"),
  "sender.paused": (fixture) => paused(fixture, "sender"),
  "sender.resumed": (fixture) => ended(fixture, "sender"),
  "domain.paused": (fixture) => paused(fixture, "domain"),
  "domain.resumed": (fixture) => ended(fixture, "domain"),
  "tag.paused": (fixture) => paused(fixture, "tag"),
  "tag.resumed": (fixture) => ended(fixture, "tag"),
  "queue.paused": ({ store }) => store.pause(),
  "queue.resumed": async ({ store, clock }) => {
    await store.pause({ until: clock.now() + MINUTE_MS });
    clock.advance(MINUTE_MS);
    await store.endPauses();
  },
  "queue.stalled": ({ store }) => store.noteStall(STALL),
  "queue.moving": async ({ store }) => {
    await store.noteStall(STALL);
    for (let twice = 0; twice < 2; twice++) await store.noteStall(null);
  },
  "suppression.added": ({ store }) => store.suppress(["ann@example.com"], null),
  "suppression.removed": async ({ store }) => {
    await store.suppress(["ann@example.com"], null);
    await store.unsuppress(["ann@example.com"]);
  },
};

const STALL = { reason: "mail is queued", oldestAt: START, lastSentAt: null, waitsFor: null };

/** By every store alone: what comes back from elsewhere is matched by others, and SQL brings mail to one
 *  of them (tests/app/inbox). */
type TypeOfStore = Exclude<EventType, "recipient.bounced" | "message.refused">;

export function eventTypeTests(test: TestStore): void {
  for (const type of Object.keys(HAPPENINGS) as TypeOfStore[]) { // the keys of a literal
    test(`${type} is told when it happens, once`, async (fixture) => {
      await HAPPENINGS[type](fixture);
      const events = await allEvents(fixture.store, { types: [type] });
      assert.equal(events.length, 1);
    });
  }
}

async function attempted(
  { store }: StoreFixture,
  ending: Parameters<typeof attemptOf>[1],
): Promise<void> {
  await using worker = await worked(store);
  await enqueued(store, { recipients: ["ann@example.com"] });
  await store.record([attemptOf(await claimOne(store, worker.handle), ending)]);
}

async function faulty({ store, clock }: StoreFixture): Promise<void> {
  for (let fault = 0; fault < 3; fault++) {
    await store.noteRelay("main", (health) => afterFault(health, "gone", clock.now()));
  }
}

/** A pause of a minute. */
async function paused({ store, clock }: StoreFixture, scope: Pause["scope"]): Promise<void> {
  await store.pausePart({
    scope,
    value: "x.test",
    reason: null,
    since: clock.now(),
    until: clock.now() + MINUTE_MS,
    isAutomatic: false,
    times: 0,
    refused: [],
  });
}

/** A pause that ends by itself. */
async function ended(fixture: StoreFixture, scope: Pause["scope"]): Promise<void> {
  await paused(fixture, scope);
  fixture.clock.advance(MINUTE_MS);
  // Whoever comes next tells it.
  for (let twice = 0; twice < 2; twice++) await fixture.store.endPauses();
}
