import assert from "node:assert/strict";
import type { HookState } from "../../../src/queue/ports/hooks.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import { enqueued, START } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";

async function stateOf(store: Store, name = "audit"): Promise<HookState> {
  const [state] = await store.hookStates([name]);
  assert(state !== undefined);
  return state;
}

export function hookTests(test: TestStore): void {
  test("a hook begins with what happens from now on, and keeps its place", async ({ store }) => {
    await enqueued(store);
    const before = await store.newestEvent();
    await store.beginHooks(["audit"]);
    await enqueued(store);
    await store.beginHooks(["audit"]);
    assert.deepEqual(await stateOf(store), {
      name: "audit",
      position: before,
      batchTo: null,
      told: 0,
      toldAt: null,
      failures: 0,
      failingSince: null,
      nextAt: null,
      lastError: null,
    });
  });

  test("hooks are told of in the order asked for, and asking makes no place", async ({ store }) => {
    await store.beginHooks(["b"]);
    await enqueued(store);
    const states = await store.hookStates(["c", "b"]);
    assert.deepEqual(states.map(({ name }) => name), ["c", "b"]);
    await enqueued(store);
    assert.equal((await stateOf(store, "c")).position, await store.newestEvent());
  });

  test("what is noted of a hook is read again, unless its place has moved", async (fixture) => {
    const { store } = fixture;
    await store.beginHooks(["audit"]);
    const { position } = await stateOf(store);
    const noted: HookState = {
      name: "audit",
      position: position + 3,
      batchTo: position + 9,
      told: 2,
      toldAt: START,
      failures: 4,
      failingSince: START + 1,
      nextAt: START + 2,
      lastError: "exit status 1",
    };
    assert.equal(await store.noteHook(noted, position), true);
    const other = await fixture.another();
    assert.deepEqual(await stateOf(other), noted);
    assert.equal(await other.noteHook({ ...noted, position: 0 }, position), false);
    assert.deepEqual(await stateOf(store), noted);
  });

  test("a hook is one process's, until it lets go", async (fixture) => {
    const other = await fixture.another();
    const { store } = fixture;
    await store.beginHooks(["audit", "other"]);
    const taken = await store.takeHook("audit");
    assert(taken !== null);
    assert.equal(await other.takeHook("audit"), null);
    const free = await other.takeHook("other");
    assert(free !== null);
    free.release();
    taken.release();
    let again = await other.takeHook("audit");
    // Letting go may still be under way.
    for (; again === null; again = await other.takeHook("audit"));
    again.release();
  });

  test("ids of messages are told by how a tag of theirs begins", async ({ store }) => {
    const one = await enqueued(store, { tags: ["hook:audit", "may"] });
    const other = await enqueued(store, { tags: ["x-hook:audit", "100%_"] });
    const ids = [one, other, "000000000000"];
    assert.deepEqual(await store.idsTagged(ids, "hook:"), [one]);
    assert.deepEqual(await store.idsTagged(ids, "100%"), [other]);
    assert.deepEqual(await store.idsTagged([other], "hook:"), []);
  });

  test("a queue has a name that no other has", async (fixture) => {
    const other = await fixture.another();
    assert.match(await fixture.store.queueId(), /^.{8,}$/);
    assert.equal(await other.queueId(), await fixture.store.queueId());
  });
}
