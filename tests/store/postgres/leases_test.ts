// What only a store for several hosts has: leases in place of locks, and marks of what may have begun.
import assert from "node:assert/strict";
import { attemptOf, enqueued } from "../../support/queue_messages.ts";
import { postgresServer } from "../../support/postgres_server.ts";
import { PostgresFixture, withClient } from "../../support/queue_postgres.ts";
import { claimAll, claimOne } from "../../contract/store/claims.ts";

const server = await postgresServer();

function test(behaviour: string, run: (fixture: PostgresFixture) => Promise<void>): void {
  if (server === null) return;
  Deno.test(`PostgreSQL store: ${behaviour}`, async () => {
    await using fixture = await PostgresFixture.open(server);
    await run(fixture);
  });
}

/** Lets the lease of all workers run out, as if they were on hosts that were cut off. */
async function cutOff(fixture: PostgresFixture): Promise<void> {
  await withClient(fixture.server, fixture.name, async (all) => {
    await all("UPDATE mailq.worker SET seen_at = now() - interval '61 s', host = 'far away'");
  });
}

test("a worker on another host keeps its claims as long as its lease lasts", async (fixture) => {
  const { store } = fixture;
  await enqueued(store);
  const worker = await store.registerWorker("test");
  await claimOne(store, worker);
  await withClient(fixture.server, fixture.name, async (all) => {
    await all("UPDATE mailq.worker SET seen_at = now() - interval '50 s', host = 'far away'");
  });
  assert.equal(await store.takeOver(), 0);
  await worker.close();
});

test("of a lost host what was marked is uncertain, and nothing else", async (fixture) => {
  const { store } = fixture;
  const other = await fixture.another();
  const [marked, idle] = [await enqueued(store), await enqueued(store)];
  const worker = await store.registerWorker("test");
  const { claims } = await claimAll(store, worker);
  assert.equal(await worker.mayBegin?.(claims[0]?.token ?? 0), true);
  await cutOff(fixture);
  assert.equal(await other.takeOver(), 2);
  const results = async (id: string) =>
    (await other.show(id))?.attempts.map(({ result }) => result);
  assert.deepEqual([await results(marked), await results(idle)], [["uncertain"], []]);
  assert.equal((await other.status()).queued, 2);
  await worker.close();
});

test("a worker that was cut off begins nothing that others have", async (fixture) => {
  const { store } = fixture;
  const other = await fixture.another();
  const id = await enqueued(store);
  const worker = await store.registerWorker("test");
  const claim = await claimOne(store, worker);
  await cutOff(fixture);
  await other.takeOver();
  assert.equal(await worker.mayBegin?.(claim.token), false);
  // What it had in DATA then is recorded late, and not sent again.
  assert.deepEqual(await store.record([attemptOf(claim, "sent")]), { lost: [claim.token] });
  assert.equal((await other.show(id))?.status, "sent");
  // It goes on under its old number.
  await enqueued(store);
  assert.equal((await claimAll(store, worker)).claims.length, 1);
  assert.equal((await other.status()).workers.length, 1);
  await worker.close();
});

test("a message that was recorded or given back may not begin", async ({ store }) => {
  await enqueued(store);
  await enqueued(store);
  const worker = await store.registerWorker("test");
  const { claims: [one, two] } = await claimAll(store, worker);
  assert(one !== undefined && two !== undefined);
  assert.equal(await worker.mayBegin?.(one.token), true);
  assert.equal(await worker.mayBegin?.(one.token) ?? true, true, "once is enough");
  await store.record([attemptOf(one, "sent")]);
  await store.giveBack([two]);
  for (const { token } of [one, two]) assert.equal(await worker.mayBegin?.(token), false);
  await worker.close();
});

test("marks are made many at once, and ahead where much begins", async ({ store }) => {
  for (let i = 0; i < 12; i++) await enqueued(store);
  const worker = await store.registerWorker("test");
  const { claims } = await claimAll(store, worker);
  const first = claims.slice(0, 6).map(({ token }) => worker.mayBegin?.(token));
  assert.deepEqual(await Promise.all(first), Array(6).fill(true));
  for (const { token } of claims.slice(6)) {
    assert.equal(await (worker.mayBegin?.(token) ?? Promise.resolve(true)), true);
  }
  await worker.close();
});
