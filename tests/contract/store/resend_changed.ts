import assert from "node:assert/strict";
import {
  attemptOf,
  awkwardBytes,
  collect,
  enqueued,
  inPiecesOf,
  listed,
  newMessage,
  START,
} from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";
import { ended } from "./actions.ts";
import { claimOne, worked } from "./claims.ts";

export function resendChangedTests(test: TestStore): void {
  test("resendChanged queues a copy with another envelope, the old one stays", async (fixture) => {
    const { store, clock } = fixture;
    const old = await ended(store, "sent", {
      priority: "high",
      tags: ["t", "u"],
      key: "k",
      submitter: "www",
      recipients: ["a@a.test", "b@a.test"],
    });
    const before = await store.show(old);
    clock.advance(1_000);
    const changes = { sender: "x@y.test", recipients: ["c@c.test", "a@a.test"] };
    const copy = await store.resendChanged(old, changes);
    assert.notEqual(copy.id, old);
    assert.deepEqual([copy.isKnownKey, copy.suppressed], [false, []]);
    assert.deepEqual(await store.show(old), before);
    const shown = await store.show(copy.id);
    assert.deepEqual(
      [shown?.status, shown?.sender, shown?.recipients.map(({ address }) => address)],
      ["queued", "x@y.test", ["c@c.test", "a@a.test"]],
    );
    assert.deepEqual(
      [shown?.priority, shown?.tags, shown?.submitter, shown?.key, shown?.replaces, shown?.tries],
      ["high", ["t", "u"], "www", null, old, 0],
    );
    assert.deepEqual(
      [shown?.subject, shown?.from, shown?.to, shown?.messageId, shown?.createdAt],
      [before?.subject, before?.from, before?.to, before?.messageId, clock.now()],
    );
    assert.deepEqual(
      await collect(store.content(shown?.seq ?? 0)),
      await collect(store.content(before?.seq ?? 0)),
    );
    assert.deepEqual(await listed(store, { tags: ["u"] }), [copy.id, old]);
    await store.bringSearchUpToDate();
    assert.deepEqual(await listed(store, { search: "c@c.test" }), [copy.id]);
    // It is sent as any other, and both may be purged in any order.
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    assert.deepEqual([claim.id, claim.sender, claim.lifeFrom], [copy.id, "x@y.test", clock.now()]);
    await store.record([attemptOf(claim, "sent")]);
    const ids = [old];
    assert.equal(await store.purge({ ids }, { finalBefore: null, includeOpen: false }), 1);
    assert.equal((await store.show(copy.id))?.replaces, old);
    assert.equal((await collect(store.content(shown?.seq ?? 0))).length, shown?.sizeBytes);
  });

  test("resendChanged changes the sender alone, or the recipients alone", async ({ store }) => {
    const old = await ended(store, "failed", { recipients: ["a@a.test", "b@a.test"] });
    const one = await store.show((await store.resendChanged(old, { sender: "" })).id);
    assert.deepEqual(
      [one?.sender, one?.recipients.map(({ address }) => address)],
      ["", ["a@a.test", "b@a.test"]],
    );
    const changes = { recipients: ["c@c.test"] };
    const other = await store.show((await store.resendChanged(old, changes)).id);
    assert.deepEqual(
      [other?.sender, other?.firstRecipient, other?.recipientsTotal],
      ["app@sender.example", "c@c.test", 1],
    );
  });

  test("resendChanged of held, scheduled and expired mail is due now", async ({ store, clock }) => {
    const held = await enqueued(store, { isHeld: true, sendAt: START + 900 });
    const soon = await enqueued(store, { isHeld: true, expiresAt: START + 100 });
    const copy = await store.show((await store.resendChanged(held, {})).id);
    assert.deepEqual([copy?.status, copy?.isHeld, copy?.sendAt], ["queued", false, null]);
    const early = await store.show((await store.resendChanged(soon, {})).id);
    assert.equal(early?.expiresAt, START + 100);
    clock.advance(100);
    const late = await store.show((await store.resendChanged(soon, {})).id);
    assert.equal(late?.expiresAt, null);
    assert.equal((await store.show(held))?.status, "held");
  });

  test("resendChanged minds the do-not-send list", async ({ store }) => {
    const old = await ended(store, "sent");
    await store.suppress(["no@a.test"], null);
    const some = await store.resendChanged(old, { recipients: ["NO@a.test", "yes@a.test"] });
    assert.deepEqual(some.suppressed, ["NO@a.test"]);
    const none = await store.resendChanged(old, { recipients: ["no@a.test"] });
    assert.equal((await store.show(none.id))?.status, "suppressed");
  });

  test("resendChanged copies 50 MB part by part", async ({ store }) => {
    const size = 50 * 1024 * 1024 + 17;
    const stage = await store.stage();
    const facts = { sizeBytes: size, dotLines: 3, isEightBit: true };
    const bytes = awkwardBytes(size);
    const large = await stage.addLarge(newMessage(), inPiecesOf(bytes, 256 * 1024), () => facts);
    await stage.commit();
    const copy = await store.show((await store.resendChanged(large.id, { sender: "" })).id);
    assert.equal(copy?.sizeBytes, size);
    let at = 0;
    for await (const piece of store.content(copy?.seq ?? 0)) {
      assert.deepEqual(piece, bytes.subarray(at, at += piece.length));
    }
    assert.equal(at, size);
  });

  test("resendChanged refuses what it cannot send", async (fixture) => {
    const { store } = fixture;
    await assert.rejects(store.resendChanged("aaaa00000000", {}), { code: "usage" });
    const old = await enqueued(store);
    await assert.rejects(store.resendChanged(old, { recipients: [] }), { code: "usage" });
    const stage = await store.stage();
    const staged = newMessage();
    await stage.add([staged]);
    await assert.rejects(store.resendChanged(staged.id, {}), { code: "usage" });
    await stage.abort();
    const sender = await fixture.another({ keepsBodies: () => false });
    await using worker = await worked(sender);
    const claim = await claimOne(sender, worker.handle);
    await sender.record([attemptOf(claim, "sent")]);
    await assert.rejects(store.resendChanged(old, { sender: "" }), {
      code: "input_unreadable",
      message: /deleted when it was sent \(keep_bodies\)/,
    });
    assert.deepEqual(await listed(store), [old]);
  });
}
