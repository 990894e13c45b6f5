import assert from "node:assert/strict";
import type { Store } from "../../../src/queue/ports/store.ts";
import { enqueued, newMessage, START } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";

export function suppressionTests(test: TestStore): void {
  test("suppress lists addresses once, in any case", async ({ store, clock }) => {
    assert.equal(await store.suppress(["B@Example.com", "a@example.com"], "asked"), 2);
    clock.advance(5);
    assert.equal(await store.suppress(["b@example.com", "c@example.com"], null), 1);
    assert.deepEqual(await Array.fromAsync(store.suppressions()), [
      { address: "a@example.com", reason: "asked", createdAt: START },
      { address: "b@example.com", reason: "asked", createdAt: START },
      { address: "c@example.com", reason: null, createdAt: START + 5 },
    ]);
    assert.equal(await store.unsuppress(["B@EXAMPLE.com", "nobody@example.com"]), 1);
    assert.deepEqual(await addresses(store), ["a@example.com", "c@example.com"]);
  });

  test("a long list is kept and shown whole", async ({ store }) => {
    const many = Array.from(
      { length: 2_345 },
      (_, i) => `user${String(i).padStart(5, "0")}@x.test`,
    );
    assert.equal(await store.suppress(many, null), many.length);
    assert.deepEqual(await addresses(store), many);
    assert.equal(await store.unsuppress(many), many.length);
    assert.deepEqual(await addresses(store), []);
  });

  test("suppressedAmong names the listed ones as they were given", async ({ store }) => {
    const asked = ["A@example.com", "b@example.com"];
    assert.deepEqual(await store.suppressedAmong(asked), []);
    await store.suppress(["a@EXAMPLE.com"], null);
    assert.deepEqual(await store.suppressedAmong(asked), ["A@example.com"]);
  });

  test("listed recipients are recorded as suppressed at intake", async ({ store }) => {
    await store.suppress(["no@example.com"], null);
    const some = newMessage({ recipients: ["No@Example.com", "yes@example.com"] });
    const all = newMessage({ recipients: ["no@example.com"], isHeld: true });
    const results = await store.enqueue([some, all]);
    assert.deepEqual(results.map(({ suppressed }) => suppressed), [
      ["No@Example.com"],
      ["no@example.com"],
    ]);
    const shown = await store.show(some.id);
    assert.deepEqual(shown?.recipients.map(({ state }) => state), ["suppressed", "queued"]);
    assert.deepEqual([shown?.status, shown?.recipientsOpen], ["queued", 1]);
    assert.equal((await store.show(all.id))?.status, "suppressed");
  });

  test("mail of before is not touched until it is claimed", async ({ store }) => {
    const id = await enqueued(store);
    await store.suppress(["ann@example.com"], null);
    assert.equal((await store.show(id))?.status, "queued");
  });
}

async function addresses(store: Store): Promise<string[]> {
  return (await Array.fromAsync(store.suppressions())).map(({ address }) => address);
}
