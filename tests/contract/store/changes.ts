import assert from "node:assert/strict";
import { enqueued, START } from "../../support/queue_messages.ts";
import { QueueProcess } from "../../support/queue_process.ts";
import type { StoreFixture, TestStore } from "../store_contract.ts";

export function changeTests(test: TestStore): void {
  test("a wait for changes ends when it is told to", async ({ store }) => {
    await store.changed(AbortSignal.abort());
    const over = new AbortController();
    const changed = store.changed(over.signal);
    over.abort();
    await changed;
  });

  test("a wait for changes ends with another connection's commit", async (fixture) => {
    const other = await begun(fixture);
    const changed = fixture.store.changed(never());
    await enqueued(other);
    await changed;
    await other.pause();
    await fixture.store.changed(never());
    await other.resume();
    await fixture.store.changed(never());
  });

  test("a wait for changes ends with another process's commit", async (fixture) => {
    await begun(fixture);
    await using child = QueueProcess.start("enqueue", fixture.queue, 1);
    assert.equal(await child.says(), "ready");
    const changed = fixture.store.changed(never());
    await child.goOn();
    await changed;
    assert.equal((await fixture.store.status()).queued, 1);
  });

  test("what was committed since the last wait is not missed", async (fixture) => {
    const other = await begun(fixture);
    await enqueued(other);
    await fixture.store.status();
    await fixture.store.changed(never());
  });

  test("our own commits end no wait", async (fixture) => {
    const other = await begun(fixture);
    const { store } = fixture;
    await enqueued(store);
    await store.pause();
    await store.resume();
    let isOver = false;
    const changed = store.changed(never()).then(() => isOver = true);
    await enqueued(store);
    await store.retry({}, { dueOnly: false });
    await store.noteRound();
    // A process of its own lives for longer than any wake takes.
    await using child = QueueProcess.start("stage", fixture.elsewhere);
    await child.says();
    assert.equal(isOver, false);
    await enqueued(other);
    await changed;
  });

  test("a wait for changes ends when a worker dies", async (fixture) => {
    const { store } = fixture;
    await begun(fixture);
    await using child = QueueProcess.start("claim", fixture.queue);
    assert.equal(await child.says(), "0");
    await store.changed(never());
    const changed = store.changed(never());
    await child.kill();
    await changed;
    await store.takeOver();
    assert.deepEqual((await store.status()).workers, []);
  });

  test("a worker's heartbeat is seen by all", async (fixture) => {
    const { store, clock } = fixture;
    const other = await fixture.another();
    const worker = await store.registerWorker("run");
    clock.advance(30);
    await worker.beat();
    const [seen] = (await other.status()).workers;
    assert.deepEqual([seen?.startedAt, seen?.heartbeatAt], [START, START + 30]);
    await worker.close();
  });

  test("what an idle worker had begun is forgotten", async (fixture) => {
    const { store } = fixture;
    const id = await enqueued(store);
    const dead = await store.registerWorker("run");
    const first = await store.claimDue({ worker: dead, limit: 1, onlyUntried: false });
    dead.noteDataBegun(first.claims[0]?.token ?? 0);
    await store.giveBack(first.claims);
    dead.noteIdle();
    await store.claimDue({ worker: dead, limit: 1, onlyUntried: false });
    fixture.abandon(dead);
    assert.equal(await store.takeOver(), 1);
    assert.deepEqual((await store.show(id))?.attempts, [], "nothing of the second claim had begun");
  });
}

/** Begins the watch of the fixture's store; another store on the same queue. */
async function begun(fixture: StoreFixture) {
  const other = await fixture.another();
  await fixture.store.changed(AbortSignal.abort());
  return other;
}

function never(): AbortSignal {
  return new AbortController().signal;
}
