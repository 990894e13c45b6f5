import assert from "node:assert/strict";
import type { Stage } from "../../../src/queue/ports/intake.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import { enqueued, inPiecesOf, listed, newMessage } from "../../support/queue_messages.ts";
import { QueueProcess } from "../../support/queue_process.ts";
import type { TestStore } from "../store_contract.ts";

const MANY = 2_500;

export function stageTests(test: TestStore): void {
  for (const count of [1, MANY]) {
    test(`${count} staged messages show nowhere until the commit, then all`, async (fixture) => {
      const { store } = fixture;
      const other = await fixture.another();
      const worker = await other.registerWorker("test");
      const stage = await store.stage();
      const messages = Array.from({ length: count }, () => newMessage({ tags: ["t"] }));
      for (let from = 0; from < count; from += 1_000) {
        await stage.add(messages.slice(from, from + 1_000));
      }
      for (const each of [store, other]) await assertEmpty(each, messages[0]?.id ?? "");
      const none = await other.claimDue({ worker, limit: 5, onlyUntried: true });
      assert.deepEqual(none.claims, []);
      const ids = messages.slice(0, 3).map(({ id }) => id);
      const byId = await other.claimDue({ worker, limit: 5, ids, onlyUntried: true });
      assert.deepEqual(byId.claims, []);
      await other.cancel({});
      await other.hold({});
      await other.resend({}, { unsentOnly: false });
      assert.equal(await other.purge({}, { finalBefore: null, includeOpen: true }), 0);

      assert.equal((await stage.commit()).size, 0);
      for (const each of [store, other]) {
        assert.equal((await each.status()).queued, count);
        assert.deepEqual(await listed(each, {}, { sort: "oldest" }), messages.map(({ id }) => id));
        assert.equal((await each.show(messages[0]?.id ?? ""))?.status, "queued");
      }
      const { claims } = await other.claimDue({ worker, limit: 5, onlyUntried: true });
      assert.deepEqual(claims.map(({ id }) => id), messages.slice(0, 5).map(({ id }) => id));
      await worker.close();
    });

    test(`${count} staged messages leave nothing behind after an abort`, async ({ store }) => {
      const stage = await store.stage();
      const messages = Array.from({ length: count }, () => newMessage({ tags: ["t"] }));
      await stage.add(messages);
      await stage.abort();
      await assertEmpty(store, messages[0]?.id ?? "");
      await store.enqueue(messages); // their ids are free again
    });

    test(`${count} committed messages survive a late abort`, async ({ store }) => {
      const stage = await store.stage();
      await stage.add(Array.from({ length: count }, () => newMessage()));
      await stage.commit();
      await stage.abort();
      await store.takeOver();
      assert.equal((await store.status()).queued, count);
      const worker = await store.registerWorker("test");
      const { claims } = await store.claimDue({ worker, limit: 1, onlyUntried: true });
      assert.equal(claims.length, 1);
      await worker.close();
    });
  }

  test("an empty stage commits to nothing", async ({ store }) => {
    assert.equal((await (await store.stage()).commit()).size, 0);
    assert.deepEqual(await listed(store), []);
    assert.deepEqual((await store.status()).workers, []);
  });

  test("a stage is swept once its owner is dead, and not before", async (fixture) => {
    const { store, queue } = fixture;
    const other = await fixture.another();
    const alive = await store.stage();
    await alive.add([newMessage()]);
    await using child = QueueProcess.start("stage", queue);
    const dead = await child.says();
    await child.kill();
    assert.equal(await other.takeOver(), 0);
    assert.equal((await alive.commit()).size, 0);
    assert.equal((await other.status()).queued, 1);
    assert.equal(await other.show(dead), null);
    await enqueued(other, { id: dead }); // gone for good, so its id is free
  });

  test("two stages at once keep apart, and come out in the order of their messages", async ({ store }) => {
    const [one, two] = [await store.stage(), await store.stage()];
    const messages = [newMessage(), newMessage(), newMessage(), newMessage()];
    for (const [i, message] of messages.entries()) await (i % 2 === 0 ? one : two).add([message]);
    await two.commit();
    assert.deepEqual(await listed(store, {}, { sort: "oldest" }), [
      messages[1]?.id,
      messages[3]?.id,
    ]);
    await one.commit();
    assert.deepEqual(await listed(store, {}, { sort: "oldest" }), messages.map(({ id }) => id));
  });

  test("a stage answers a key of the queue with the first message's id", async ({ store }) => {
    const first = await enqueued(store, { key: "k" });
    for (const add of [addSmall, addLarge]) {
      const stage = await store.stage();
      const added = await add(stage, "k");
      assert.deepEqual(added, { id: first, isKnownKey: true, suppressed: [] });
      await stage.commit();
    }
    assert.deepEqual(await listed(store), [first]);
  });

  for (const [kind, add] of [["small", () => addSmall], ["large", () => addLarge]] as const) {
    test(`a staged key holds once a ${kind} message is visible, not before`, async ({ store }) => {
      const stage = await store.stage();
      const staged = await add()(stage, "k");
      assert.equal(staged.isKnownKey, false);
      assert.deepEqual(await add()(stage, "k"), {
        id: staged.id,
        isKnownKey: true,
        suppressed: [],
      });
      // Should the stage never be committed, this mail must not be lost.
      const other = await store.stage();
      assert.equal((await add()(other, "k")).isKnownKey, false);
      await other.abort();
      assert.equal((await stage.commit()).size, 0);
      assert.deepEqual(await listed(store), [staged.id]);
      assert.equal((await store.enqueue([newMessage({ key: "k" })]))[0]?.id, staged.id);
    });

    test(`a ${kind} key taken meanwhile leaves its message out, and no other`, async ({ store }) => {
      const stage = await store.stage();
      const [plain, keyed] = [newMessage(), newMessage({ key: "mine" })];
      await stage.add([plain]);
      const staged = await add()(stage, "k");
      await stage.add([keyed]);
      const first = await enqueued(store, { key: "k" });
      assert.deepEqual(
        await stage.commit(),
        new Map([[staged.id, { id: first, isKnownKey: true, suppressed: [] }]]),
      );
      assert.deepEqual(await listed(store, {}, { sort: "oldest" }), [plain.id, keyed.id, first]);
      assert.equal((await store.show(keyed.id))?.key, "mine");
      assert.equal(await store.show(staged.id), null);
      assert.equal((await store.status()).queued, 3);
    });
  }

  for (const count of [4, MANY]) {
    test(`two stages with the same ${count} keys store each key once`, async (fixture) => {
      const other = await fixture.another();
      const batch = () => Array.from({ length: count }, (_, i) => newMessage({ key: `k${i}` }));
      const [one, two] = [batch(), [...batch(), newMessage({ key: "late" })]];
      const [first, second] = [await fixture.store.stage(), await other.stage()];
      for (const added of [await first.add(one), await second.add(two)]) {
        assert(added.every(({ isKnownKey }) => !isKnownKey));
      }
      assert.equal((await first.commit()).size, 0);
      const taken = await second.commit();
      assert.deepEqual(
        two.map(({ id }) => taken.get(id)?.id),
        [...one.map(({ id }) => id), undefined],
      );
      const ids = [...one, ...two.slice(-1)].map(({ id }) => id);
      assert.deepEqual(await listed(other, {}, { sort: "oldest" }), ids);
      assert.equal((await other.status()).queued, count + 1);
      const again = await other.enqueue([newMessage({ key: "k0" }), newMessage({ key: "late" })]);
      assert.deepEqual(again.map(({ id }) => id), [ids[0], ids.at(-1)]);
    });
  }

  test("a key that begins as another stage's keys do is nobody's", async ({ store }) => {
    const stage = await store.stage();
    await stage.add([newMessage({ key: "k" })]);
    const id = await enqueued(store, { key: "1 k" });
    assert.equal((await stage.commit()).size, 0);
    assert.equal((await listed(store)).length, 2);
    assert.equal((await store.show(id))?.key, "1 k");
  });

  test("addLarge that breaks off leaves the stage to be aborted", async ({ store }) => {
    const stage = await store.stage();
    const broken = async function* () {
      yield await new Uint8Array(300_000);
      throw new Error("the pipe broke");
    };
    const { content: _, ...message } = newMessage();
    const facts = { sizeBytes: 0, dotLines: 0, isEightBit: false };
    await assert.rejects(stage.addLarge(message, broken(), () => facts), /the pipe broke/);
    await stage.abort();
    await assertEmpty(store, message.id);
  });

  test("suppressed recipients of staged mail are told and recorded", async ({ store }) => {
    await store.suppress(["no@example.com"], null);
    const stage = await store.stage();
    const message = newMessage({ recipients: ["NO@example.com", "yes@example.com"] });
    const [added] = await stage.add([message]);
    assert.deepEqual(added?.suppressed, ["NO@example.com"]);
    await stage.commit();
    const states = (await store.show(message.id))?.recipients.map(({ state }) => state);
    assert.deepEqual(states, ["suppressed", "queued"]);
  });
}

async function addSmall(stage: Stage, key: string) {
  const [added] = await stage.add([newMessage({ key })]);
  assert(added !== undefined);
  return added;
}

async function addLarge(stage: Stage, key: string) {
  const { content, ...message } = newMessage({ key });
  const { sizeBytes, dotLines, isEightBit } = message;
  const facts = { sizeBytes, dotLines, isEightBit };
  return await stage.addLarge(message, inPiecesOf(content, 5), () => facts);
}

async function assertEmpty(store: Store, id: string): Promise<void> {
  assert.deepEqual(await listed(store), []);
  assert.deepEqual(await listed(store, { tags: ["t"] }), []);
  assert.deepEqual(await listed(store, { ids: [id] }), []);
  assert.equal(await store.show(id), null);
  assert.deepEqual(await store.idsWithPrefix(id.slice(0, 3), 5), []);
  const { queued, oldestQueuedAt } = await store.status();
  assert.deepEqual([queued, oldestQueuedAt], [0, null]);
}
