import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { Stage } from "../../src/queue/ports/intake.ts";
import { SqliteStage } from "../../src/store/sqlite/take_in/stage.ts";
import { enqueued, newMessage } from "../support/queue_messages.ts";
import { rowsOf, SqliteFixture } from "../support/queue_sqlite.ts";

/** More than one commit settles. */
const MANY = 4_500;

Deno.test("SQLite store: many keys are settled in commits that let others in", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const other = await fixture.another();
  const stage = await store.stage();
  const staged = await addMany(stage);
  const committing = stage.commit();
  await untilSet(fixture, "k0");
  assert.deepEqual(rowsOf(fixture.queue, "SELECT count(*) AS n FROM batch"), [{ n: 1 }]);

  // The batch may yet be lost, so its keys are nobody's.
  const first = await enqueued(other, { key: "k0" });
  const taken = await committing;
  assert.deepEqual([...taken].map(([id, { id: firstId }]) => [id, firstId]), [[staged[0], first]]);
  assert.equal((await store.status()).queued, MANY);
  assert.equal((await store.show(first))?.key, "k0");
  for (const n of [1, MANY - 1]) {
    assert.equal((await store.show(staged[n] ?? ""))?.key, `k${n}`);
    const [again] = await other.enqueue([newMessage({ key: `k${n}` })]);
    assert.deepEqual(again, { id: staged[n], isKnownKey: true, suppressed: [] });
  }
});

Deno.test("SQLite store: a key of a batch that is being settled is known within it", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const batch = await store.openBatch(null);
  const joined = await store.joinBatch(batch.token);
  const stage = await joined.stage();
  const staged = await addMany(stage);
  await stage.commit();
  const late = await joined.stage();
  const committing = batch.commit();
  await untilSet(fixture, "k1");
  assert.deepEqual(await late.add([newMessage({ key: "k1" })]), [
    { id: staged[1], isKnownKey: true, suppressed: [] },
  ]);
  assert.deepEqual((await committing).known, []);
  await late.abort();
});

Deno.test("SQLite store: keys that a dead process had settled are free", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const stage = await store.stage();
  await stage.add([newMessage({ key: "taken" }), newMessage({ key: "swept" })]);
  // As it leaves them that dies on the way.
  const db = new DatabaseSync(fixture.queue);
  db.exec(`UPDATE message SET key = (SELECT key FROM staged_key WHERE seq = message.seq);
           DELETE FROM staged_key`);
  db.close();
  assert(stage instanceof SqliteStage);
  fixture.abandon(stage.owner);
  const [first] = await store.enqueue([newMessage({ key: "taken" })]);
  assert.equal(first?.isKnownKey, false);
  await store.takeOver();
  assert.equal((await store.show(first?.id ?? ""))?.key, "taken");
  assert.equal((await store.enqueue([newMessage({ key: "swept" })]))[0]?.isKnownKey, false);
});

Deno.test("SQLite store: many keys of a batch within a batch are known to it", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const outer = await store.openBatch(null);
  const [first] = await (await store.joinBatch(outer.token)).enqueue([newMessage({ key: "k7" })]);
  const inner = await store.openBatch(outer.token);
  const stage = await (await store.joinBatch(inner.token)).stage();
  const staged = await addMany(stage);
  await stage.commit();
  const end = await inner.commit();
  assert.deepEqual(end.known, [{ id: staged[7], firstId: first?.id }]);
  const [again] = await (await store.joinBatch(outer.token)).enqueue([newMessage({ key: "k8" })]);
  assert.equal(again?.id, staged[8]);
  assert.equal((await outer.commit()).count, MANY);
  assert.equal((await store.show(staged[8] ?? ""))?.key, "k8");
});

/** Stages messages with the keys k0, k1 and so on; returns their ids. */
async function addMany(stage: Stage): Promise<string[]> {
  const messages = Array.from({ length: MANY }, (_, n) => newMessage({ key: `k${n}` }));
  await stage.add(messages);
  return messages.map(({ id }) => id);
}

/** Resolves when a message has the key; a commit goes on meanwhile. */
async function untilSet({ queue }: SqliteFixture, key: string): Promise<void> {
  const isSet = () => rowsOf(queue, `SELECT 1 FROM message WHERE key = '${key}'`).length > 0;
  while (!isSet()) await Promise.resolve();
}

Deno.test("SQLite store: a batch's token is the path of a lock file of this queue", async () => {
  await using fixture = await SqliteFixture.open();
  const { store, queue } = fixture;
  const batch = await store.openBatch(null);
  const moved = batch.token.replace("queue.db", "other.db");
  for (const token of [moved, queue, `${queue}-worker-`, "queue.db-worker-ab"]) {
    await assert.rejects(store.joinBatch(token), { code: "config_invalid" }, token);
  }
  const gone = await store.joinBatch(`${await Deno.realPath(queue)}-worker-0123456789abcdef`);
  await assert.rejects(gone.enqueue([newMessage()]), { code: "batch_ended" });
  await batch.abort();
});
