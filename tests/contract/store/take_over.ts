import assert from "node:assert/strict";
import { attemptOf, enqueued, MINUTE_MS, START } from "../../support/queue_messages.ts";
import { QueueProcess } from "../../support/queue_process.ts";
import type { StoreFixture, TestStore } from "../store_contract.ts";
import { claimAll, claimOne, idsOf, worked } from "./claims.ts";

export function takeOverTests(test: TestStore): void {
  test("a living worker's claims are left alone, however old", async (fixture) => {
    const other = await fixture.another();
    const id = await enqueued(fixture.store);
    await using worker = await worked(fixture.store);
    const claim = await claimOne(fixture.store, worker.handle);
    fixture.clock.advance(365 * 24 * 60 * MINUTE_MS);
    assert.equal(await other.takeOver(), 0);
    assert.equal((await other.show(id))?.status, "sending");
    const { lost } = await fixture.store.record([attemptOf(claim, "sent")]);
    assert.deepEqual(lost, []);
  });

  test("a dead worker's claims go to the back of their priority, untried", async (fixture) => {
    const { store, clock } = fixture;
    const lost = await enqueued(store, { createdAt: START });
    const high = await enqueued(store, { createdAt: START, priority: "high" });
    const dead = await store.registerWorker("test");
    assert.equal((await claimAll(store, dead)).claims.length, 2);
    const behind = await enqueued(store, { createdAt: START + 5 });
    clock.advance(10);
    fixture.abandon(dead);
    assert.equal(await store.takeOver(), 2);
    assert.equal(await store.takeOver(), 0);
    const shown = await store.show(lost);
    assert.deepEqual([shown?.status, shown?.tries, shown?.attempts], ["queued", 0, []]);
    await using worker = await worked(store);
    const { claims } = await claimAll(store, worker.handle);
    assert.deepEqual(idsOf(claims), [high, behind, lost]);
    assert.equal(claims[2]?.lifeFrom, START, "its lifetime goes on");
    assert.equal((await store.status()).workers.length, 1);
  });

  test("only what had begun to go out is closed as uncertain", async (fixture) => {
    const { store, clock } = fixture;
    const recipients = ["a@example.com", "b@example.com"];
    const begun = await enqueued(store, { recipients });
    const idle = await enqueued(store);
    const dead = await store.registerWorker("test");
    const { claims } = await claimAll(store, dead);
    dead.noteDataBegun(claims[0]?.token ?? 0);
    clock.advance(40);
    fixture.abandon(dead);
    await store.takeOver();
    const shown = await store.show(begun);
    assert.deepEqual([shown?.status, shown?.tries, shown?.attempts.length], ["queued", 1, 1]);
    const [attempt] = shown?.attempts ?? [];
    assert.deepEqual(
      [attempt?.result, attempt?.startedAt, attempt?.durationMs, attempt?.relay],
      ["uncertain", START, 40, null],
    );
    assert.match(attempt?.error ?? "", /may have been delivered/);
    assert.deepEqual(attempt?.outcomes.map(({ address, kind }) => [address, kind]), [
      ["a@example.com", "uncertain"],
      ["b@example.com", "uncertain"],
    ]);
    assert.deepEqual(shown?.recipients.map(({ tries, failures }) => [tries, failures]), [
      [1, 0],
      [1, 0],
    ]);
    assert.deepEqual((await store.show(idle))?.attempts, []);
  });

  test("an attempt that was recorded is not closed again", async (fixture) => {
    const { store } = fixture;
    const id = await enqueued(store, { recipients: ["a@example.com", "b@example.com"] });
    const dead = await store.registerWorker("test");
    const claim = await claimOne(store, dead);
    dead.noteDataBegun(claim.token);
    await store.record([attemptOf(claim, { 0: "sent" }, { endsClaim: false })]);
    fixture.abandon(dead);
    await store.takeOver();
    const shown = await store.show(id);
    assert.deepEqual(shown?.recipients.map(({ state }) => state), ["sent", "queued"]);
    assert.deepEqual(shown?.attempts.map(({ result }) => result), ["sent", "uncertain"]);
    assert.deepEqual(shown?.attempts[1]?.outcomes.map(({ address }) => address), [
      "b@example.com",
    ]);
  });

  test("after three uncertain attempts in a row a message is held", async (fixture) => {
    const { store } = fixture;
    const id = await enqueued(store);
    for (let i = 1; i <= 3; i++) {
      assert.equal((await store.show(id))?.status, "queued");
      await killWhileSending(fixture);
    }
    assert.equal((await store.show(id))?.status, "held");
    await store.release({ ids: [id] });
    await killWhileSending(fixture);
    assert.equal((await store.show(id))?.status, "queued", "release starts the count anew");
  });

  test("where uncertain mail is held, one that was being handed over is held at once", async (fixture) => {
    const other = await fixture.another({ holdsUncertain: () => true });
    const begun = await enqueued(other), idle = await enqueued(other);
    const dead = await fixture.store.registerWorker("test");
    const { claims } = await claimAll(fixture.store, dead);
    dead.noteDataBegun(claims[0]?.token ?? 0);
    fixture.abandon(dead);
    await other.takeOver();
    const statuses =
      async () => [(await other.show(begun))?.status, (await other.show(idle))?.status];
    assert.deepEqual(await statuses(), ["held", "queued"]);
    await other.release({ ids: [begun] });
    assert.deepEqual(await statuses(), ["queued", "queued"]);
    // The same where a worker ends by itself, with mail in hand that it may not wait for.
    const ending = await other.registerWorker("test");
    for (const { token } of (await claimAll(other, ending)).claims) ending.noteDataBegun(token);
    await ending.close();
    assert.deepEqual(await statuses(), ["held", "held"]);
  });

  test("an attempt that ends in between starts the count anew", async (fixture) => {
    const { store } = fixture;
    const id = await enqueued(store);
    for (let round = 0; round < 2; round++) {
      await killWhileSending(fixture);
      await killWhileSending(fixture);
      await using worker = await worked(store);
      const claim = await claimOne(store, worker.handle);
      await store.record([attemptOf(claim, { retryAt: START })]);
      await store.retry({}, { dueOnly: false });
    }
    assert.equal((await store.show(id))?.status, "queued");
  });

  test("claims lost before anything went out never hold a message", async (fixture) => {
    const { store } = fixture;
    const id = await enqueued(store);
    for (let i = 0; i < 5; i++) {
      const dead = await store.registerWorker("test");
      await claimOne(store, dead);
      fixture.abandon(dead);
      assert.equal(await store.takeOver(), 1);
    }
    assert.equal((await store.show(id))?.status, "queued");
  });

  test("a held message's claim is taken over too, and stays held", async (fixture) => {
    const { store } = fixture;
    const id = await enqueued(store);
    const dead = await store.registerWorker("test");
    await claimOne(store, dead);
    await store.hold({ ids: [id] });
    fixture.abandon(dead);
    assert.equal(await store.takeOver(), 1);
    const shown = await store.show(id);
    assert.deepEqual([shown?.status, shown?.recipients[0]?.state], ["held", "queued"]);
  });

  test("a worker that closes with claims in hand loses them like a dead one", async ({ store }) => {
    const begun = await enqueued(store);
    const idle = await enqueued(store);
    const worker = await store.registerWorker("test");
    const { claims } = await claimAll(store, worker);
    worker.noteDataBegun(claims[0]?.token ?? 0);
    await worker.close();
    await worker.close();
    assert.deepEqual((await store.show(begun))?.attempts.map(({ result }) => result), [
      "uncertain",
    ]);
    const shown = await store.show(idle);
    assert.deepEqual([shown?.status, shown?.attempts], ["queued", []]);
    assert.deepEqual((await store.status()).workers, []);
  });

  test("a process killed with mail in hand loses it to the next", async (fixture) => {
    const { store, queue } = fixture;
    const ids = [await enqueued(store), await enqueued(store)];
    await using child = QueueProcess.start("claim", queue);
    assert.equal(await child.says(), "2");
    const { workers } = await store.status();
    assert.deepEqual(workers.map(({ kind, pid }) => [kind, pid]), [["child", child.pid]]);
    child.signal("SIGSTOP");
    assert.equal(await store.takeOver(), 0, "a stopped process lives");
    await child.kill();
    assert.deepEqual((await store.status()).workers, []);
    assert.equal(await store.takeOver(), 2);
    const results = [];
    for (const id of ids) results.push((await store.show(id))?.attempts.map((one) => one.result));
    assert.deepEqual(results, [["uncertain"], []]);
  });
}

/** A worker dies after it began to hand over the one message that is due. */
async function killWhileSending(fixture: StoreFixture): Promise<void> {
  const { store } = fixture;
  const dead = await store.registerWorker("test");
  const claim = await claimOne(store, dead);
  dead.noteDataBegun(claim.token);
  fixture.abandon(dead);
  assert.equal(await store.takeOver(), 1);
}
