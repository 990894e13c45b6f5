import assert from "node:assert/strict";
import type { MessageStatus } from "../../../src/queue/state.ts";
import { attemptOf, enqueued, listed, newMessage, START } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";
import { ended } from "./actions.ts";
import { claimOne, worked } from "./claims.ts";

const ALL_FINAL: readonly MessageStatus[] = [
  "sent",
  "partial",
  "failed",
  "cancelled",
  "suppressed",
];
const ANY_AGE = { finalBefore: null, includeOpen: false };

export function purgeTests(test: TestStore): void {
  test("purge deletes mail with all that belongs to it", async ({ store }) => {
    const id = await ended(store, "sent", { tags: ["t"], content: new Uint8Array(600_000) });
    const seq = (await store.show(id))?.seq ?? 0;
    assert.equal(await store.purge({}, ANY_AGE), 1);
    assert.equal(await store.show(id), null);
    assert.deepEqual(await listed(store, { tags: ["t"] }), []);
    assert.deepEqual((await Array.fromAsync(store.content(seq))).length, 0);
    assert.equal((await store.status()).sent, 0);
  });

  for (const status of ALL_FINAL) {
    test(`purge by status takes ${status} mail alone`, async ({ store }) => {
      await store.suppress(["no@a.test"], null);
      const ids: Record<string, string> = {
        sent: await ended(store, "sent"),
        failed: await ended(store, "failed"),
        cancelled: await enqueued(store),
        suppressed: await enqueued(store, { recipients: ["no@a.test"] }),
      };
      await store.cancel({ ids: [ids.cancelled ?? ""] });
      const recipients = ["a@a.test", "b@a.test"];
      await using worker = await worked(store);
      ids.partial = await enqueued(store, { recipients });
      const claim = await claimOne(store, worker.handle);
      await store.record([attemptOf(claim, { 0: "sent", 1: "failed" })]);
      assert.equal(await store.purge({ statuses: [status] }, ANY_AGE), 1);
      assert.equal(await store.show(ids[status] ?? ""), null);
      assert.equal((await listed(store)).length, 4);
      assert.equal(await store.purge({ statuses: ALL_FINAL }, ANY_AGE), 4);
    });
  }

  test("purge by age counts from the end of a message, not from its beginning", async ({ store, clock }) => {
    const old = await ended(store, "sent", { createdAt: START - 900 });
    clock.advance(10);
    const young = await ended(store, "sent", { createdAt: START - 900 });
    assert.equal(await store.purge({}, { finalBefore: START, includeOpen: false }), 0);
    assert.equal(await store.purge({}, { finalBefore: START + 1, includeOpen: false }), 1);
    assert.equal(await store.show(old), null);
    assert.equal((await store.show(young))?.status, "sent");
    const statuses: MessageStatus[] = ["failed"];
    const anyAge = { finalBefore: START + 99, includeOpen: false };
    assert.equal(await store.purge({ statuses }, anyAge), 0);
  });

  test("undelivered mail is purged only if asked for", async ({ store }) => {
    const ids = [
      await enqueued(store),
      await enqueued(store, { isHeld: true }),
      await enqueued(store, { sendAt: START + 9 }),
      await ended(store, { retryAt: START + 9 }, { priority: "now" }),
    ];
    assert.equal(await store.purge({}, ANY_AGE), 0);
    assert.equal(await store.purge({ ids }, ANY_AGE), 0);
    const statuses: MessageStatus[] = ["queued", "held", "deferred"];
    assert.equal(await store.purge({ statuses }, ANY_AGE), 0);
    const open = { finalBefore: null, includeOpen: true };
    assert.equal(await store.purge({ statuses: ["held"] }, open), 1);
    assert.equal(await store.purge({ ids: ids.slice(0, 1) }, open), 1);
    assert.equal(await store.purge({}, open), 2);
    assert.deepEqual(await listed(store), []);
  });

  test("undelivered mail is as old as it is in the queue", async ({ store }) => {
    const old = await enqueued(store, { createdAt: START - 100 });
    const young = await enqueued(store, { createdAt: START });
    assert.equal(await store.purge({}, { finalBefore: START, includeOpen: true }), 1);
    assert.equal(await store.show(old), null);
    assert.notEqual(await store.show(young), null);
  });

  test("purge never takes what is being sent, held or not", async ({ store }) => {
    const first = await enqueued(store, { recipients: ["a@a.test", "b@a.test"] });
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    const second = await enqueued(store);
    const held = await claimOne(store, worker.handle);
    await store.hold({ ids: [second] });
    const open = { finalBefore: null, includeOpen: true };
    assert.equal(await store.purge({}, open), 0);
    assert.equal(await store.purge({ ids: [first, second] }, open), 0);
    await store.record([attemptOf(claim, "sent"), attemptOf(held, "sent")]);
    assert.equal(await store.purge({}, ANY_AGE), 2);
  });

  test("purge works off more than one commit can hold", async ({ store }) => {
    await store.enqueue(Array.from({ length: 1_203 }, () => newMessage()));
    const keep = await enqueued(store, { recipients: ["keep@example.com"] });
    await store.cancel({});
    const filter = { to: "ann@example.com" };
    assert.equal(await store.purge(filter, ANY_AGE), 1_203);
    assert.deepEqual(await listed(store), [keep]);
  });

  test("purge of a large batch lets its lane go too", async ({ store }) => {
    const stage = await store.stage();
    await stage.add(Array.from({ length: 2_100 }, () => newMessage()));
    await stage.commit();
    await store.cancel({});
    assert.equal(await store.purge({}, ANY_AGE), 2_100);
    assert.equal((await store.status()).cancelled, 0);
    await enqueued(store);
    assert.equal((await store.status()).queued, 1);
  });
}
