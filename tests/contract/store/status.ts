import assert from "node:assert/strict";
import { enqueued, MINUTE_MS, newMessage, START } from "../../support/queue_messages.ts";
import { NO_MESSAGES } from "../../support/quiet_status.ts";
import type { TestStore } from "../store_contract.ts";
import { ended } from "./actions.ts";
import { claimOne, worked } from "./claims.ts";

export function statusTests(test: TestStore): void {
  test("the status of an empty queue", async ({ store }) => {
    assert.deepEqual(await store.status(), {
      ...NO_MESSAGES,
      oldestQueuedAt: null,
      oldestDueAt: null,
      paused: null,
      stalledAt: null,
      lastRoundAt: null,
      workers: [],
      relays: [],
      pauses: [],
    });
  });

  test("the statistics of an empty queue", async ({ store }) => {
    assert.deepEqual(await store.stats(), {
      sentLastMinute: 0,
      sentLastHour: 0,
      sentLastDay: 0,
      sentByHour: new Array(24).fill(0),
      failedByHour: new Array(24).fill(0),
      oldestDueAt: null,
      failingDomains: [],
      sampled: 0,
    });
  });

  test("the statistics count what went out and what does not", async ({ store, clock }) => {
    await ended(store, "sent");
    clock.advance(2 * MINUTE_MS);
    await ended(store, "sent");
    clock.advance(59 * MINUTE_MS);
    await ended(store, "sent");
    const to = (address: string) => ({ recipients: [address], createdAt: clock.now() });
    await ended(store, "failed", to("a@one.test"));
    await ended(store, "failed", to("b@ONE.test"));
    await ended(store, "failed", to("root"));
    await ended(store, { retryAt: clock.now() + 5 }, to("c@two.test"));
    await enqueued(store, { sendAt: clock.now() + 9 });
    assert.deepEqual(await store.stats(), {
      sentLastMinute: 1,
      sentLastHour: 2,
      sentLastDay: 3,
      sentByHour: [...new Array(22).fill(0), 1, 2],
      failedByHour: [...new Array(23).fill(0), 3],
      oldestDueAt: clock.now() + 5,
      failingDomains: [{ text: "one.test", count: 2 }, { text: "two.test", count: 1 }],
      sampled: 4,
    });
    await enqueued(store, { createdAt: clock.now() - 7 });
    assert.equal((await store.stats()).oldestDueAt, clock.now() - 7);
  });

  test("each message is counted in its one status", async ({ store }) => {
    await store.suppress(["no@a.test"], null);
    await ended(store, "sent");
    await ended(store, "failed");
    await ended(store, { retryAt: START });
    await enqueued(store, { recipients: ["no@a.test"] });
    await enqueued(store, { isHeld: true });
    await enqueued(store, { isHeld: true, sendAt: START + 9 });
    await store.cancel({ ids: [await enqueued(store)] });
    await enqueued(store);
    await using worker = await worked(store);
    await claimOne(store, worker.handle);
    await enqueued(store, { sendAt: START + 1 });
    await enqueued(store);
    await enqueued(store);
    const status = await store.status();
    const counts = Object.fromEntries(
      Object.keys(NO_MESSAGES).map((name) => [name, Reflect.get(status, name)]),
    );
    assert.deepEqual(counts, {
      ...NO_MESSAGES,
      sent: 1,
      failed: 1,
      deferred: 1,
      suppressed: 1,
      held: 2,
      cancelled: 1,
      sending: 1,
      scheduled: 1,
      queued: 2,
    });
    assert.equal(status.oldestQueuedAt, START);
  });

  test("the oldest queued message counts, whatever its priority", async ({ store }) => {
    await enqueued(store, { priority: "high", createdAt: START + 5 });
    await enqueued(store, { priority: "low", createdAt: START + 3 });
    await enqueued(store, { isHeld: true, createdAt: START });
    const stage = await store.stage();
    await stage.add(Array.from({ length: 2_100 }, () => newMessage({ createdAt: START + 2 })));
    assert.equal((await store.status()).oldestQueuedAt, START + 3);
    await stage.commit();
    assert.equal((await store.status()).oldestQueuedAt, START + 2);
  });

  test("deferred mail is overdue from its next try on, until it is queued or held", async ({ store, clock }) => {
    const overdue = async () => (await store.status()).oldestDueAt;
    await ended(store, { retryAt: START + 200 });
    const id = await ended(store, { retryAt: START + 100 });
    assert.equal(await overdue(), null);
    clock.advance(99);
    assert.equal(await overdue(), null);
    clock.advance(200);
    assert.equal(await overdue(), START + 100);
    await store.hold({ ids: [id] });
    assert.equal(await overdue(), START + 200);
    await store.release({ ids: [id] });
    await store.requeueDue();
    assert.equal(await overdue(), null);
  });

  test("mail whose time has come is waiting even if no worker looked", async ({ store, clock }) => {
    await enqueued(store, { sendAt: START + 100 });
    await enqueued(store, { sendAt: START + 200 });
    const counts = async () => {
      const { queued, scheduled, oldestQueuedAt } = await store.status();
      return [queued, scheduled, oldestQueuedAt];
    };
    assert.deepEqual(await counts(), [0, 2, null]);
    clock.advance(150);
    assert.deepEqual(await counts(), [1, 1, START + 100]);
    await store.pause();
    clock.advance(50);
    assert.deepEqual(await counts(), [2, 0, START + 100]);
  });

  test("figures for a monitor: the oldest deferred message, and what failed of late", async ({ store, clock }) => {
    assert.deepEqual(await store.healthFigures(START), {
      lastSentAt: null,
      oldestDeferredFrom: null,
      failed: 0,
    });
    await ended(store, "failed");
    clock.advance(MINUTE_MS);
    await ended(store, "failed", { createdAt: clock.now() });
    await ended(store, { retryAt: START + 9 * MINUTE_MS }, { createdAt: clock.now() });
    clock.advance(MINUTE_MS);
    await ended(store, { retryAt: START + 9 * MINUTE_MS }, { createdAt: clock.now() });
    await ended(store, "sent", { createdAt: clock.now() });
    assert.deepEqual(await store.healthFigures(START), {
      lastSentAt: clock.now(),
      oldestDeferredFrom: START + MINUTE_MS,
      failed: 1,
    });
    assert.equal((await store.healthFigures(START - 1)).failed, 2);
  });

  test("a finished round is noted for all to see", async (fixture) => {
    const other = await fixture.another();
    await fixture.store.noteRound();
    assert.equal((await other.status()).lastRoundAt, START);
    fixture.clock.advance(5);
    await fixture.store.noteRound();
    assert.equal((await other.status()).lastRoundAt, START + 5);
  });

  test("living workers are listed, dead and closed ones are not", async (fixture) => {
    const { store } = fixture;
    const one = await store.registerWorker("send");
    const two = await store.registerWorker("run");
    const dead = await store.registerWorker("run");
    fixture.abandon(dead);
    const { workers } = await (await fixture.another()).status();
    const host = Deno.hostname();
    assert.deepEqual(workers, [
      { id: one.id, kind: "send", host, pid: Deno.pid, startedAt: START, heartbeatAt: START },
      { id: two.id, kind: "run", host, pid: Deno.pid, startedAt: START, heartbeatAt: START },
    ]);
    await one.close();
    assert.deepEqual((await store.status()).workers.map(({ id }) => id), [two.id]);
    await two.close();
  });
}
