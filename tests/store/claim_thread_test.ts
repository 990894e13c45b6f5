import assert from "node:assert/strict";
import { enqueued, newMessage } from "../support/queue_messages.ts";
import { SqliteFixture } from "../support/queue_sqlite.ts";

Deno.test("claim thread: a queue whose file is gone is not made anew, nor left", async () => {
  const fixture = await SqliteFixture.open();
  const { store, queue, folder } = fixture;
  await enqueued(store);
  const worker = await store.registerWorker("test");
  const claiming = await store.claiming();
  await Deno.remove(queue);
  await claiming.startThread();
  const { claims } = await store.claimDue({ worker, limit: 10, onlyUntried: true });
  assert.equal(claims.length, 1);
  await assert.rejects(Deno.stat(queue), Deno.errors.NotFound);
  await store.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("claim thread: claims do not wait for it, and closing does", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  await store.enqueue(Array.from({ length: 1_000 }, () => newMessage()));
  const worker = await store.registerWorker("test");
  const { claims } = await store.claimDue({ worker, limit: 10, onlyUntried: true });
  assert.equal(claims.length, 10);
  assert.equal(claims[0]?.release, undefined, "claimed without a thread");
  await store.giveBack(claims);
  await worker.close();
});
