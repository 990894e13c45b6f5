import assert from "node:assert/strict";
import { dueMessages, makeDue } from "../../../src/app/send/due.ts";
import { claimOne, worked } from "../../contract/store/claims.ts";
import { attemptOf, enqueued } from "../../support/queue_messages.ts";
import { SqliteFixture } from "../../support/queue_sqlite.ts";

/** A queue with a message in each state that bears on whether it is due. */
async function mixed(fixture: SqliteFixture) {
  const { store, clock } = fixture;
  const now = clock.now();
  const deferred = await enqueued(store);
  {
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    await store.record([attemptOf(claim, { retryAt: now + 60_000 })]);
  }
  return {
    deferred,
    normal: await enqueued(store),
    high: await enqueued(store, { priority: "high" }),
    later: await enqueued(store, { sendAt: now + 1_000 }),
    expired: await enqueued(store, { expiresAt: now }),
    held: await enqueued(store, { isHeld: true }),
  };
}

Deno.test("due: what a pass would send now, the most urgent first", async () => {
  await using fixture = await SqliteFixture.open();
  const ids = await mixed(fixture);
  const due = await Array.fromAsync(dueMessages(fixture.store, undefined, fixture.clock.now()));
  assert.deepEqual(due.map(({ id }) => id), [ids.high, ids.normal]);
});

Deno.test("due: of messages that are named deferred ones too", async () => {
  await using fixture = await SqliteFixture.open();
  const { deferred, later, held } = await mixed(fixture);
  const named = dueMessages(fixture.store, [deferred, later, held], fixture.clock.now());
  assert.deepEqual((await Array.fromAsync(named)).map(({ id }) => id), [deferred]);
});

Deno.test("due: naming messages makes them due, and says which are left alone", async () => {
  await using fixture = await SqliteFixture.open();
  const { deferred, later, held } = await mixed(fixture);
  const left = await makeDue(fixture.store, [deferred, later, held], fixture.clock.now());
  assert.deepEqual(left.map(({ id, status }) => [id, status]), [[later, "queued"], [held, "held"]]);
  assert.equal((await fixture.store.show(deferred))?.status, "queued");
});
