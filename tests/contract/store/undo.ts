import assert from "node:assert/strict";
import type { Store } from "../../../src/queue/ports/store.ts";
import { attemptOf, type Ending, enqueued, START } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";
import { ended } from "./actions.ts";
import { worked } from "./claims.ts";

type Act = (store: Store, ids: readonly string[]) => Promise<unknown>;

const ACTS: Readonly<Record<string, Act>> = {
  hold: (store, ids) => store.hold({ ids }),
  release: (store, ids) => store.release({ ids }),
  cancel: (store, ids) => store.cancel({ ids }),
  retry: (store, ids) => store.retry({ ids }, { dueOnly: false }),
  resend: (store, ids) => store.resend({ ids }, { unsentOnly: false }),
  "resend to the unsent": (store, ids) => store.resend({ ids }, { unsentOnly: true }),
};

/** A message in each state that an action can find it in. */
async function fill(store: Store): Promise<string[]> {
  const endings: readonly Ending[] = ["sent", "failed", "exhausted", { retryAt: START + 5_000 }];
  const ids: string[] = [];
  for (const ending of endings) ids.push(await ended(store, ending));
  ids.push(await enqueued(store));
  ids.push(await enqueued(store, { isHeld: true }));
  ids.push(await enqueued(store, { sendAt: START + 60_000, expiresAt: START + 90_000 }));
  return ids;
}

async function showAll(store: Store, ids: readonly string[]): Promise<unknown> {
  const all: unknown[] = [];
  for (const id of ids) all.push(await store.show(id));
  return [all, await store.status()];
}

async function acted(store: Store, ids: readonly string[], act: Act) {
  const undo = await store.undo();
  await undo.forget();
  await undo.remember(ids);
  await act(store, ids);
  await undo.note(ids);
  return undo;
}

export function undoTests(test: TestStore): void {
  for (const [name, act] of Object.entries(ACTS)) {
    test(`${name} can be taken back: all is as it was`, async ({ store, clock }) => {
      const ids = await fill(store);
      const before = await showAll(store, ids);
      clock.advance(1_000);
      const undo = await acted(store, ids, act);
      const touched = await undo.touched();
      assert.ok(touched.length > 0);
      assert.deepEqual(await undo.takeBack(), { restored: touched.length, left: 0 });
      assert.deepEqual(await showAll(store, ids), before);
      // Once.
      assert.deepEqual(await undo.takeBack(), { restored: 0, left: 0 });
    });
  }

  test("what was claimed, sent or changed since is not taken back", async ({ store }) => {
    const ids = [];
    for (let i = 0; i < 4; i++) ids.push(await ended(store, "failed"));
    const [claimed = "", sent = "", held = "", alone = ""] = ids;
    const undo = await acted(
      store,
      ids,
      (store, ids) => store.resend({ ids }, { unsentOnly: false }),
    );
    await using worker = await worked(store);
    const claim = async (id: string) => {
      const request = { worker: worker.handle, limit: 1, ids: [id], onlyUntried: false };
      const { claims: [found] } = await store.claimDue(request);
      assert(found !== undefined);
      return found;
    };
    await claim(claimed);
    await store.record([attemptOf(await claim(sent), "sent")]);
    await store.hold({ ids: [held] });
    assert.deepEqual(await undo.takeBack(), { restored: 1, left: 3 });
    const states = [];
    for (const id of [claimed, sent, held, alone]) states.push((await store.show(id))?.status);
    assert.deepEqual(states, ["sending", "sent", "held", "failed"]);
  });

  test("what a worker sends while the action is done is not taken back", async ({ store }) => {
    const id = await ended(store, "failed");
    const undo = await store.undo();
    await undo.forget();
    await undo.remember([id]);
    await store.resend({ ids: [id] }, { unsentOnly: false });
    await using worker = await worked(store);
    const request = { worker: worker.handle, limit: 1, ids: [id], onlyUntried: false };
    const { claims: [claim] } = await store.claimDue(request);
    assert(claim !== undefined);
    await store.record([attemptOf(claim, "sent")]);
    await undo.note([id]);
    assert.deepEqual(await undo.takeBack(), { restored: 0, left: 1 });
    assert.equal((await store.show(id))?.status, "sent");
  });

  test("what is gone is not taken back", async ({ store }) => {
    const id = await enqueued(store);
    const undo = await acted(store, [id], (store, ids) => store.cancel({ ids }));
    await store.purge({ ids: [id] }, { finalBefore: null, includeOpen: true });
    assert.deepEqual(await undo.takeBack(), { restored: 0, left: 1 });
    assert.equal(await store.show(id), null);
  });
}
