import assert from "node:assert/strict";
import type { MessageDetail } from "../../src/queue/message.ts";
import { openSqlite, verifySqlite } from "../support/queue_sqlite.ts";
import { FakeClock } from "../support/queue_clock.ts";
import { collect, listed, newMessage, START } from "../support/queue_messages.ts";

// Queues as programs of before have left them, gzipped. They are never made anew: what a newer
// program writes is no proof that it reads what an older one wrote.
const QUEUES = new URL("../fixtures/queues/", import.meta.url);

/** The message whose id begins with this letter. */
const idOf = (letter: string) => letter.padEnd(12, "0");

async function withQueue(name: string, run: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mailq-old-" });
  try {
    const packed = await Deno.open(new URL(`${name}.gz`, QUEUES));
    await Deno.writeFile(
      `${folder}/${name}`,
      packed.readable.pipeThrough(new DecompressionStream("gzip")),
    );
    await run(`${folder}/${name}`);
    verifySqlite(`${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a queue of schema 2: all that is in it is read as it was written", async () => {
  await withQueue("schema_2.db", async (path) => {
    const store = await openSqlite(path);
    try {
      const found: MessageDetail[] = [];
      for (const id of (await listed(store)).toSorted()) {
        const message = await store.show(id);
        assert(message !== null);
        found.push(message);
      }
      assert.deepEqual(
        found.map((one) => [one.id[0], one.status, one.finalReason, one.attempts.length]),
        [
          ["a", "sent", null, 1],
          ["b", "partial", "permanent", 1],
          ["c", "failed", "permanent", 1],
          ["d", "deferred", null, 1],
          ["e", "held", null, 0],
          ["f", "queued", null, 0],
          ["g", "queued", null, 0],
          ["h", "suppressed", null, 0],
        ],
      );
      const [, partial, , deferred, held, early, large] = found;
      assert.deepEqual(partial?.tags, ["red", "blue"]);
      assert.deepEqual(partial?.recipients.map(({ state, code }) => [state, code]), [
        ["sent", 250],
        ["failed", 550],
      ]);
      assert.deepEqual([deferred?.priority, deferred?.recipients[0]?.failures], ["high", 1]);
      assert.equal(held?.key, "k1");
      assert.deepEqual(early?.dsn, { ret: "headers", envid: "e1" });
      assert.equal(large?.submitter, "eve");
      assert.equal((await collect(store.content(large?.seq ?? 0))).length, 300_000);
      const status = await store.status();
      assert.deepEqual(
        [status.queued, status.scheduled, status.deferred, status.held, status.sent],
        [1, 1, 1, 1, 1],
      );
      assert.deepEqual(status.relays.map(({ name, lastError }) => [name, lastError]), [
        ["slow", "refused"],
      ]);
      assert.equal((await listed(store, { search: "bob" })).length, 2);
    } finally {
      await store.close();
    }
  });
});

Deno.test("a queue of schema 2: it goes on being used", async () => {
  await withQueue("schema_2.db", async (path) => {
    const store = await openSqlite(path, new FakeClock());
    try {
      const [known] = await store.enqueue([newMessage({ key: "k1" })]);
      assert.deepEqual([known?.id, known?.isKnownKey], [idOf("e"), true]);
      await store.retry({}, { dueOnly: false });
      await store.release({});
      const worker = await store.registerWorker("test");
      const { claims } = await store.claimDue({ worker, limit: 10, onlyUntried: true });
      assert.deepEqual(claims.map(({ id }) => id).toSorted(), [idOf("d"), idOf("e"), idOf("g")]);
      await worker.close();
      const options = { finalBefore: START + 60_000, includeOpen: false };
      assert.equal(await store.purge({}, options), 4);
    } finally {
      await store.close();
    }
  });
});
