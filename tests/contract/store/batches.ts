import assert from "node:assert/strict";
import { openStore } from "../../../src/store/open.ts";
import { systemRandom } from "../../../src/system/time.ts";
import type { Enqueued, Enqueuer } from "../../../src/queue/ports/intake.ts";
import {
  enqueued,
  inPiecesOf,
  listed,
  MINUTE_MS,
  newMessage,
} from "../../support/queue_messages.ts";
import { QueueProcess } from "../../support/queue_process.ts";
import type { TestStore } from "../store_contract.ts";

type Message = ReturnType<typeof newMessage>;

/** Adds messages as one call, in one commit or staged; null if they were all stored. */
type Add = (intake: Enqueuer, messages: readonly Message[]) => Promise<Enqueued | null>;

const WAYS: readonly (readonly [way: string, add: Add])[] = [
  ["in one commit", async (intake, messages) => {
    const [first] = await intake.enqueue(messages);
    return first?.isKnownKey ? first : null;
  }],
  ["staged", async (intake, messages) => {
    const stage = await intake.stage();
    const added = await stage.add(messages);
    const [taken] = (await stage.commit()).values();
    return taken ?? added.find((one) => one.isKnownKey) ?? null;
  }],
];

const MANY = 2_500;
const many = (count = MANY) => Array.from({ length: count }, () => newMessage());
const code = (wanted: string) => (error: unknown) =>
  error instanceof Error && Reflect.get(error, "code") === wanted;

export function batchTests(test: TestStore): void {
  for (const [way, add] of WAYS) {
    test(`mail added to a batch ${way} shows at its commit, in the order of arrival`, async (fixture) => {
      const { store } = fixture;
      const other = await fixture.another();
      const batch = await store.openBatch(null);
      const messages = many(3);
      for (const message of messages) {
        assert.equal(await add(await other.joinBatch(batch.token), [message]), null);
      }
      const worker = await other.registerWorker("test");
      for (const each of [store, other]) {
        assert.deepEqual(await listed(each), []);
        assert.equal((await each.status()).queued, 0);
        assert.equal(await each.show(messages[0]?.id ?? ""), null);
      }
      const none = await other.claimDue({ worker, limit: 5, onlyUntried: true });
      assert.deepEqual(none.claims, []);
      assert.deepEqual(await batch.commit(), { count: 3, urgent: [], known: [] });
      const { claims } = await other.claimDue({ worker, limit: 5, onlyUntried: true });
      assert.deepEqual(claims.map(({ id }) => id), messages.map(({ id }) => id));
      await worker.close();
      assert.deepEqual((await store.status()).workers, []);
    });

    test(`mail added to a batch ${way} is gone after its abort`, async ({ store }) => {
      const batch = await store.openBatch(null);
      const joined = await store.joinBatch(batch.token);
      const messages = many();
      await add(joined, [newMessage({ key: "k" })]);
      await add(joined, messages);
      await batch.abort();
      assert.deepEqual(await listed(store), []);
      assert.deepEqual((await store.status()).workers, []);
      await store.enqueue(messages); // their ids are free again
      assert.equal((await store.enqueue([newMessage({ key: "k" })]))[0]?.isKnownKey, false);
    });

    test(`mail added to a batch ${way} after its end is refused and stored nowhere`, async ({ store }) => {
      for (const end of ["commit", "abort"] as const) {
        const batch = await store.openBatch(null);
        const joined = await store.joinBatch(batch.token);
        await batch[end]();
        for (const intake of [joined, await store.joinBatch(batch.token)]) {
          await assert.rejects(add(intake, [newMessage()]), code("batch_ended"));
        }
      }
      await store.takeOver();
      assert.deepEqual(await listed(store), []);
    });

    test(`a key in a batch, ${way}, is known within it, and outside after its commit`, async (fixture) => {
      const { store } = fixture;
      const other = await fixture.another();
      const old = await enqueued(store, { key: "old" });
      const batch = await store.openBatch(null);
      const joined = await other.joinBatch(batch.token);
      const first = newMessage({ key: "k" });
      assert.equal(await add(joined, [first]), null);
      const known = { id: first.id, isKnownKey: true, suppressed: [] };
      assert.deepEqual(await add(joined, [newMessage({ key: "k" })]), known);
      assert.equal((await add(joined, [newMessage({ key: "old" })]))?.id, old);
      assert.deepEqual(await batch.commit(), { count: 1, urgent: [], known: [] });
      assert.deepEqual(await listed(store), [first.id, old]);
      assert.deepEqual(await store.enqueue([newMessage({ key: "k" })]), [known]);
      assert.equal((await store.show(first.id))?.key, "k");
    });

    test(`a key taken while the batch, ${way}, was open drops that message alone`, async ({ store }) => {
      const batch = await store.openBatch(null);
      const joined = await store.joinBatch(batch.token);
      const [keyed, plain] = [newMessage({ key: "k" }), newMessage()];
      await add(joined, [keyed]);
      await add(joined, [plain]);
      const firstId = await enqueued(store, { key: "k" });
      assert.deepEqual(await batch.commit(), {
        count: 1,
        urgent: [],
        known: [{ id: keyed.id, firstId }],
      });
      assert.deepEqual((await listed(store)).sort(), [firstId, plain.id].sort());
    });

    test(`a batch within another, ${way}, is a part of it`, async ({ store }) => {
      for (const end of ["abort", "commit"] as const) {
        const outer = await store.openBatch(null);
        const inner = await store.openBatch(outer.token);
        const dropped = await store.openBatch(outer.token);
        const toOuter = await store.joinBatch(outer.token);
        const toInner = await store.joinBatch(inner.token);
        const [one, two, three] = [
          newMessage({ key: "a" }),
          newMessage({ key: "b" }),
          newMessage(),
        ];
        await add(toOuter, [one]);
        await add(toInner, [newMessage({ key: "a" })]);
        await add(toInner, [two]);
        await add(toInner, [three]);
        await add(await store.joinBatch(dropped.token), many());
        assert.deepEqual((await inner.commit()).known.map(({ firstId }) => firstId), [one.id]);
        await dropped.abort();
        assert.deepEqual(await listed(store), []);
        await assert.rejects(add(toInner, [newMessage()]), code("batch_ended"));
        assert.deepEqual(await add(toOuter, [newMessage({ key: "b" })]), {
          id: two.id,
          isKnownKey: true,
          suppressed: [],
        });
        const ended = await outer[end]();
        assert.equal(ended?.count, end === "commit" ? 3 : undefined);
        const ids = end === "commit" ? [three.id, two.id, one.id] : [];
        assert.deepEqual(await listed(store), ids);
      }
    });
  }

  test("a batch of many calls and many messages becomes visible as a whole", async ({ store }) => {
    const batch = await store.openBatch(null);
    const messages = [...many(), ...many(300), ...many()];
    const staged = async (some: readonly Message[]) => {
      const stage = await (await store.joinBatch(batch.token)).stage();
      for (let n = 0; n < some.length; n += 1_000) await stage.add(some.slice(n, n + 1_000));
      assert.equal((await stage.commit()).size, 0);
    };
    await staged(messages.slice(0, MANY));
    for (const message of messages.slice(MANY, MANY + 300)) {
      await (await store.joinBatch(batch.token)).enqueue([message]);
    }
    await staged(messages.slice(MANY + 300));
    assert.equal((await store.status()).queued, 0);
    assert.equal((await batch.commit()).count, messages.length);
    assert.equal((await store.status()).queued, messages.length);
    assert.deepEqual(await listed(store, {}, { sort: "oldest" }), messages.map(({ id }) => id));
  });

  test("a stage that joined a batch brings nothing unless it is committed", async (fixture) => {
    const { store } = fixture;
    const batch = await store.openBatch(null);
    const joined = await (await fixture.another()).joinBatch(batch.token);
    const [aborted, open] = [await joined.stage(), await joined.stage()];
    await aborted.add(many());
    await aborted.abort();
    await open.add([newMessage({ key: "k" })]);
    assert.equal((await batch.commit()).count, 0);
    await assert.rejects(open.commit(), code("batch_ended"));
    await open.abort();
    assert.deepEqual(await listed(store), []);
    assert.equal((await store.enqueue([newMessage({ key: "k" })]))[0]?.isKnownKey, false);
  });

  test("a key that another call has brought into the batch meanwhile stores nothing", async ({ store }) => {
    const batch = await store.openBatch(null);
    const joined = await store.joinBatch(batch.token);
    const stage = await joined.stage();
    await stage.add([newMessage({ key: "k" })]);
    const [first] = await joined.enqueue([newMessage({ key: "k" })]);
    assert.deepEqual([...(await stage.commit()).values()], [{ ...first, isKnownKey: true }]);
    assert.equal((await batch.commit()).count, 1);
  });

  test("a large message goes into a batch in pieces", async ({ store }) => {
    const batch = await store.openBatch(null);
    const stage = await (await store.joinBatch(batch.token)).stage();
    const { content, ...message } = newMessage();
    const { sizeBytes, dotLines, isEightBit } = message;
    const facts = { sizeBytes, dotLines, isEightBit };
    await stage.addLarge(message, inPiecesOf(content, 7), () => facts);
    await stage.commit();
    await batch.commit();
    const shown = await store.show(message.id);
    assert.deepEqual([shown?.status, shown?.sizeBytes], ["queued", sizeBytes]);
  });

  test("a batch ends with its process: nobody adds to it, and it is swept", async (fixture) => {
    const { store, queue } = fixture;
    await using child = QueueProcess.start("batch", queue);
    const [token = "", id = ""] = (await child.says()).split(" ");
    const joined = await store.joinBatch(token);
    const staged = await joined.stage();
    await staged.add([newMessage()]);
    assert.equal(await store.takeOver(), 0, "it lives");
    await joined.enqueue(many(3));
    await child.kill();
    await assert.rejects(joined.enqueue([newMessage()]), code("batch_ended"));
    await assert.rejects(staged.commit(), code("batch_ended"));
    await assert.rejects(store.openBatch(token), code("batch_ended"));
    await staged.abort();
    await store.takeOver();
    assert.deepEqual(await listed(store), []);
    assert.deepEqual((await store.status()).workers, []);
    await assert.rejects(joined.enqueue([newMessage()]), code("batch_ended"));
    await enqueued(store, { id }); // gone for good, so its id is free
  });

  test("what is added while a batch is dropped is refused or dropped with it", async (fixture) => {
    const { store } = fixture;
    const other = await fixture.another();
    const batch = await store.openBatch(null);
    const joined = await other.joinBatch(batch.token);
    await joined.enqueue(many());
    let isOver = false;
    const adding = (async () => {
      for (;;) {
        if (isOver) await assert.rejects(joined.enqueue([newMessage()]), code("batch_ended"));
        if (isOver) return;
        await joined.enqueue([newMessage()]).catch((error) => assert(code("batch_ended")(error)));
      }
    })();
    await batch.abort();
    isOver = true;
    await adding;
    assert.deepEqual(await listed(store), []);
    assert.equal((await store.status()).queued, 0);
  });

  test("mail of a batch counts as queued from its commit", async ({ store, clock }) => {
    const batch = await store.openBatch(null);
    const joined = await store.joinBatch(batch.token);
    const message = newMessage({ createdAt: clock.now() });
    await joined.enqueue([message]);
    clock.advance(3 * 60 * MINUTE_MS);
    await batch.commit();
    assert.equal((await store.status()).oldestQueuedAt, clock.now());
    const worker = await store.registerWorker("test");
    const { claims } = await store.claimDue({ worker, limit: 1, onlyUntried: true });
    assert.equal(claims[0]?.lifeFrom, clock.now());
    assert.equal((await store.show(message.id))?.createdAt, clock.now() - 3 * 60 * MINUTE_MS);
    await worker.close();
  });

  test("a batch tells what is to be sent at once", async ({ store }) => {
    const batch = await store.openBatch(null);
    const now = [newMessage({ priority: "now" }), newMessage({ priority: "now" })];
    const joined = await store.joinBatch(batch.token);
    await joined.enqueue([newMessage({ priority: "now", isHeld: true }), ...now, newMessage()]);
    const { urgent, count } = await batch.commit();
    assert.deepEqual([urgent, count], [now.map(({ id }) => id), 4]);
  });

  test("only a batch of this queue can be joined", async ({ store, elsewhere, clock }) => {
    const options = { create: true, isWorker: true, clock, random: systemRandom };
    const other = await openStore(elsewhere, options);
    const batch = await other.openBatch(null);
    for (const token of [batch.token, "rubbish", ""]) {
      await assert.rejects(store.joinBatch(token), code("config_invalid"), token);
    }
    await batch.abort();
    await other.close();
  });
}
