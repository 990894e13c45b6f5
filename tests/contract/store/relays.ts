import assert from "node:assert/strict";
import { afterFault, HEALTHY } from "../../../src/queue/policy/breaker.ts";
import { withSuspect } from "../../../src/queue/policy/suspicion.ts";
import { NO_LIMITS } from "../../../src/queue/policy/throttle.ts";
import { attemptOf, enqueued, MINUTE_MS, START } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";
import { claimOne, worked } from "./claims.ts";

const HOUR_MS = 60 * MINUTE_MS;

export function relayTests(test: TestStore): void {
  test("a relay of which nothing is known is well", async ({ store }) => {
    assert.deepEqual(await store.relayHealth("default"), HEALTHY);
    assert.deepEqual((await store.status()).relays, []);
  });

  test("a relay's faults are known to all, and forgotten once it is well", async (fixture) => {
    const { store, clock } = fixture;
    const other = await fixture.another();
    const fault = (text: string) =>
      store.noteRelay("backup", (health) => afterFault(health, text, clock.now()));
    await fault("Connection refused");
    clock.advance(5);
    await other.noteRelay("backup", (health) => afterFault(health, "Timeout\0\ud800", clock.now()));
    const known = await other.relayHealth("backup");
    assert.deepEqual([known.failures, known.downSince, known.openUntil], [2, START, null]);
    const became = await fault("Connection refused");
    assert.deepEqual(became, {
      failures: 3,
      downSince: START,
      openUntil: START + 5 + MINUTE_MS,
      lastError: "Connection refused",
      refusal: null,
      hint: null,
    });
    assert.deepEqual((await other.status()).relays, [{
      name: "backup",
      ...became,
      limits: null,
    }]);
    assert.deepEqual(await other.relayHealth("default"), HEALTHY);
    assert.deepEqual(await other.noteRelay("backup", () => HEALTHY), HEALTHY);
    assert.deepEqual((await store.status()).relays, []);
  });

  test("what a relay was found to bear is known to all, and relaxed with time", async (fixture) => {
    const { store, clock } = fixture;
    const other = await fixture.another();
    assert.deepEqual(await store.relayLimits("default"), NO_LIMITS);
    const limits = {
      connections: 2,
      ofConnections: 4,
      rate: 12.5,
      learnedAt: START,
      backOffs: 3,
      since: START,
      until: START + 4_000,
      reply: "454 Throttling\0",
      settings: "a1b2c3",
    };
    await store.noteLimits("default", limits);
    const known = { ...limits, reply: "454 Throttling\ufffd" };
    assert.deepEqual(await other.relayLimits("default"), known);
    const [status] = (await other.status()).relays;
    assert.deepEqual([status?.name, status?.failures, status?.limits], ["default", 0, known]);
    await store.noteLimits("default", { ...limits, backOffs: 0, since: null, until: null });
    clock.advance(10 * MINUTE_MS);
    const [later] = (await other.status()).relays;
    assert.deepEqual([later?.limits?.connections, later?.limits?.rate], [3, 15.625]);
    clock.advance(10 * HOUR_MS);
    assert.deepEqual((await other.status()).relays, []);
  });

  test("retry ends a relay's back-off", async ({ store, clock }) => {
    const until = clock.now() + MINUTE_MS;
    const since = clock.now();
    await store.noteLimits("default", { ...NO_LIMITS, backOffs: 3, since, until });
    await store.retry({}, { dueOnly: true });
    assert.equal((await store.relayLimits("default")).until, until);
    await store.retry({}, { dueOnly: false });
    assert.equal((await store.relayLimits("default")).until, clock.now());
  });

  test("forgetRelay leaves no fault and limit of the relay, and all of others", async ({ store, clock }) => {
    const suspect = { seq: 1, recipients: [0], addresses: ["a@x.test"] };
    for (const name of ["one", "two"]) {
      await store.noteRelay(name, (health) => afterFault(health, "down", clock.now()));
      await store.noteLimits(name, {
        ...NO_LIMITS,
        connections: 1,
        ofConnections: 9,
        learnedAt: 1,
      });
      const refused = { key: "550", text: "No", suspect };
      await store.noteSuspicion(name, "550", (known) => withSuspect(known, refused, clock.now()));
    }
    await store.forgetRelay("one");
    assert.deepEqual(await store.relayHealth("one"), HEALTHY);
    assert.deepEqual(await store.relayLimits("one"), NO_LIMITS);
    assert.equal((await store.suspicions("one")).length, 1, "other mail will tell");
    assert.equal((await store.relayHealth("two")).failures, 1);
    assert.equal((await store.relayLimits("two")).connections, 1);
    assert.equal((await store.suspicions("two")).length, 1);
  });

  test("requeueAfter queues what no next try can be after, and nothing else", async (fixture) => {
    const { store, clock } = fixture;
    const latest = clock.now() + HOUR_MS;
    await using worker = await worked(store);
    const ids: string[] = [];
    for (const retryAt of [latest, latest + 1, latest + 9000 * HOUR_MS]) {
      ids.push(await enqueued(store));
      const claim = await claimOne(store, worker.handle);
      await store.record([attemptOf(claim, { retryAt })]);
    }
    assert.equal(await store.requeueAfter(latest), 2);
    const statuses = [];
    for (const id of ids) statuses.push((await store.show(id))?.status);
    assert.deepEqual(statuses, ["deferred", "queued", "queued"]);
    assert.equal(await store.requeueAfter(latest), 0);
  });

  test("the family of addresses that reached a relay is kept for all", async (fixture) => {
    const { store } = fixture;
    const other = await fixture.another();
    assert.equal(await store.relayFamily("default"), null);
    await store.noteFamily("default", 6);
    await store.noteFamily("default", 4);
    assert.equal(await other.relayFamily("default"), 4);
    assert.equal(await other.relayFamily("backup"), null);
    await other.forgetRelay("default");
    assert.equal(await store.relayFamily("default"), 4, "it is no fault");
  });

  test("retry ends a relay's pause, but forgets no fault; retry of what is due does not", async (fixture) => {
    const { store, clock } = fixture;
    for (let i = 0; i < 3; i++) {
      await store.noteRelay("default", (health) => afterFault(health, "down", clock.now()));
    }
    await store.retry({}, { dueOnly: true });
    assert.equal((await store.relayHealth("default")).openUntil, START + MINUTE_MS);
    clock.advance(5);
    await store.retry({}, { dueOnly: false });
    const { failures, downSince, openUntil } = await store.relayHealth("default");
    assert.deepEqual([failures, downSince, openUntil], [3, START, START + 5]);
  });

  test("resume of a relay ends the pause of its faults, and queues what waited for it", async (fixture) => {
    const { store, clock } = fixture;
    const relay = { scope: "relay", value: "default" } as const;
    assert.equal(await store.resumePart(relay), null, "it was well");
    const waiting = await enqueued(store);
    const refused = await enqueued(store);
    const greylisted = await enqueued(store);
    await using worker = await worked(store);
    const until = START + 10 * MINUTE_MS;
    const reason = "the relay default is left alone: it refuses";
    const first = await claimOne(store, worker.handle);
    await store.postpone([{ claim: first, recipients: [0], until, reason }]);
    const second = await claimOne(store, worker.handle);
    const { changes, ...attempt } = attemptOf(second, { retryAt: until });
    const unused = changes.map((change) => ({ ...change, failures: 0 }));
    await store.record([{ ...attempt, changes: unused }]);
    const third = await claimOne(store, worker.handle);
    await store.record([attemptOf(third, { retryAt: until })]);
    assert.deepEqual([first.id, second.id, third.id], [waiting, refused, greylisted]);
    for (let i = 0; i < 3; i++) {
      await store.noteRelay("default", (health) => afterFault(health, "down", clock.now()));
    }
    assert.equal(await store.waitingFor(relay), 2, "a greylisted one waits for itself");
    assert.equal(await store.waitingFor({ scope: "relay", value: "other" }), 0);
    assert.equal(await store.resumePart(relay), 2);
    assert.equal((await store.relayHealth("default")).openUntil, START);
    const { queued, deferred } = await store.status();
    assert.deepEqual([queued, deferred], [2, 1]);
  });

  test("faults noted at the same time all count", async (fixture) => {
    const stores = [fixture.store, await fixture.another(), await fixture.another()];
    await Promise.all(
      stores.flatMap((store) =>
        Array.from(
          { length: 5 },
          () => store.noteRelay("default", (health) => afterFault(health, "down", START)),
        )
      ),
    );
    assert.equal((await fixture.store.relayHealth("default")).failures, 15);
  });

  test("a rate is shared by all who name its scope", async (fixture) => {
    const { store, clock } = fixture;
    const other = await fixture.another();
    const share = { scope: "relay:default", rate: { count: 3, perMs: MINUTE_MS } };
    assert.equal(await store.takeShares([share]), null);
    assert.equal(await other.takeShares([share]), null);
    assert.equal(await store.takeShares([share]), null);
    const usedUp = await other.takeShares([share]);
    assert.equal(usedUp?.scope, "relay:default");
    const waitMs = usedUp?.waitMs ?? 0;
    assert(waitMs >= MINUTE_MS && waitMs <= MINUTE_MS * 1.05, `${waitMs}`);
    assert.equal(await other.takeShares([{ ...share, scope: "relay:backup" }]), null);
    clock.advance(waitMs);
    assert.equal(await other.takeShares([share]), null);
  });

  test("of several shares all are taken, or none", async ({ store }) => {
    const rate = { count: 1, perMs: MINUTE_MS };
    const relay = { scope: "relay:default", rate: { count: 2, perMs: MINUTE_MS } };
    assert.equal(await store.takeShares([relay, { scope: "domain:a.test", rate }]), null);
    const usedUp = await store.takeShares([relay, { scope: "domain:a.test", rate }]);
    assert.equal(usedUp?.scope, "domain:a.test");
    assert.equal(await store.takeShares([relay]), null, "the relay's was not taken");
    assert.equal((await store.takeShares([relay]))?.scope, "relay:default");
    assert.equal(await store.takeShares([]), null);
  });

  test("postponed recipients wait untried, and use up no retry", async ({ store, clock }) => {
    const id = await enqueued(store, { recipients: ["a@a.test", "b@b.test"] });
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    const until = START + 7;
    await store.postpone(
      [{ claim, recipients: [1], until, reason: "the relay backup is left alone" }],
    );
    const half = await store.show(id);
    assert.equal(half?.status, "sending", "the other recipient is still being sent to");
    assert.deepEqual(half?.recipients.map((one) => [one.state, one.tries, one.nextAttemptAt]), [
      ["sending", 0, null],
      ["deferred", 0, until],
    ]);
    await store.postpone(
      [{ claim, recipients: [0], until: until + 1, reason: "why" }],
    );
    const shown = await store.show(id);
    assert.deepEqual([shown?.status, shown?.tries, shown?.nextAttemptAt], ["deferred", 0, until]);
    assert.deepEqual(shown?.attempts, []);
    assert.deepEqual(shown?.recipients.map((one) => [one.failures, one.code, one.reply]), [
      [0, null, "why"],
      [0, null, "the relay backup is left alone"],
    ]);
    clock.advance(7);
    assert.equal(await store.requeueDue(), 1);
    const again = await claimOne(store, worker.handle);
    assert.deepEqual(again.recipients.map(({ n }) => n), [1], "the same worker may try it");
  });

  test("who lost a claim can postpone nothing of it", async (fixture) => {
    const { store } = fixture;
    const id = await enqueued(store);
    const dead = await store.registerWorker("test");
    const claim = await claimOne(store, dead);
    fixture.abandon(dead);
    await store.takeOver();
    await store.postpone([{ claim, recipients: [0], until: START + 1, reason: "late" }]);
    assert.equal((await store.show(id))?.status, "queued");
  });

  test("only what is due is requeued, held mail too", async ({ store, clock }) => {
    const ids = [await enqueued(store), await enqueued(store), await enqueued(store)];
    await using worker = await worked(store);
    for (const [i] of ids.entries()) {
      const claim = await claimOne(store, worker.handle);
      const until = START + 10 * (i + 1);
      await store.postpone([{ claim, recipients: [0], until, reason: "" }]);
    }
    await store.hold({ ids: ids.slice(0, 1) });
    assert.equal(await store.requeueDue(), 0);
    clock.advance(20);
    assert.equal(await store.requeueDue(), 2);
    const statuses = [];
    for (const id of ids) statuses.push((await store.show(id))?.status);
    assert.deepEqual(statuses, ["held", "queued", "deferred"]);
  });

  test("what is due next is the first of all that waits for a time", async ({ store }) => {
    assert.equal(await store.nextDueAt(START), null);
    await enqueued(store);
    await enqueued(store, { isHeld: true, expiresAt: START + 1 });
    assert.equal(await store.nextDueAt(START), null, "queued mail waits for no time");
    await enqueued(store, { expiresAt: START + 30 });
    assert.equal(await store.nextDueAt(START), START + 30);
    await enqueued(store, { sendAt: START + 20 });
    assert.equal(await store.nextDueAt(START), START + 20);
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    const until = START + 10;
    await store.postpone([{ claim, recipients: [0], until, reason: "" }]);
    assert.equal(await store.nextDueAt(START), START + 10);
    assert.equal(await store.nextDueAt(START + 10), START + 20, "after the time given");
    assert.equal(await store.nextDueAt(START + 30), null);
  });
}
