import assert from "node:assert/strict";
import { PRIORITIES } from "../../../src/queue/message.ts";
import { type Sort, SORTS } from "../../../src/queue/filter.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import { attemptOf, enqueued, listed, newMessage, START } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";
import { claimAll, worked } from "./claims.ts";

/** More than the store reads at once, so that it must find its way from page to page. */
const MANY = 1_130;

export function listTests(test: TestStore): void {
  for (const sort of SORTS) {
    test(`a listing by ${sort} is in order, whole and by pages`, async ({ store, clock }) => {
      await fill(store, clock.now());
      const whole = await Array.fromAsync(store.list({}, { sort, after: null, limit: 0 }));
      assert.equal(new Set(whole.map(({ id }) => id)).size, MANY);
      const keys = whole.map((one) => KEYS[sort](one));
      for (const [i, key] of keys.entries()) {
        assert(i === 0 || compare(keys[i - 1] ?? [], key) < 0, `place ${i} is out of order`);
      }
      const ids = whole.map(({ id }) => id);
      const pages: string[] = [];
      while (pages.length < MANY) {
        const page = await listed(store, {}, { sort, after: pages.at(-1) ?? null, limit: 97 });
        assert.equal(page.length, Math.min(97, MANY - pages.length));
        pages.push(...page);
      }
      assert.deepEqual(pages, ids);
      assert.deepEqual(await listed(store, {}, { sort, after: ids.at(-1) ?? "" }), []);

      const backwards = { sort, isReversed: true } as const;
      assert.deepEqual(await listed(store, {}, backwards), ids.toReversed());
      assert.deepEqual(
        await listed(store, {}, { ...backwards, after: ids[600] ?? "", limit: 550 }),
        ids.slice(50, 600).toReversed(),
      );

      // Several statuses are walked each by itself, and must come out as one listing.
      const statuses = ["queued", "deferred", "sent"] as const;
      const some = ids.filter((_, i) => statuses.some((status) => status === whole[i]?.status));
      assert(some.length < MANY && some.length > MANY / 2);
      const after = some[600] ?? "";
      assert.deepEqual(await listed(store, { statuses }, { sort }), some);
      assert.deepEqual(await listed(store, { statuses }, { sort, after }), some.slice(601));
      assert.deepEqual(
        await listed(store, { statuses, to: "1@b.test" }, { sort, limit: 7 }),
        ids.filter((_, i) => whole[i]?.firstRecipient.includes("1@b.test")).filter((id) =>
          some.includes(id)
        ).slice(0, 7),
      );
    });
  }

  test("a limit of 0 lists all, another that many", async ({ store }) => {
    const ids = [await enqueued(store), await enqueued(store), await enqueued(store)].reverse();
    assert.deepEqual(await listed(store, {}, { limit: 0 }), ids);
    assert.deepEqual(await listed(store, {}, { limit: 2 }), ids.slice(0, 2));
    assert.deepEqual(await listed(store, {}, { limit: 9 }), ids);
  });

  test("a listing may be left before its end", async ({ store }) => {
    await store.enqueue([newMessage(), newMessage()]);
    for await (const _ of store.list({}, { sort: "newest", after: null, limit: 0 })) break;
    await enqueued(store);
    assert.equal((await listed(store)).length, 3);
  });

  test("what comes after an unknown message is an error, not the beginning", async ({ store }) => {
    await enqueued(store);
    await assert.rejects(listed(store, {}, { after: "zzzzzzzzzzzz" }), { code: "usage" });
  });

  test("mail that arrives during a listing does not upset it", async ({ store }) => {
    await store.enqueue(Array.from({ length: 700 }, () => newMessage()));
    const seen = new Set<string>();
    for await (const { id } of store.list({}, { sort: "newest", after: null, limit: 0 })) {
      assert(!seen.has(id));
      seen.add(id);
      if (seen.size % 100 === 0) await enqueued(store);
    }
    assert.equal(seen.size, 700);
  });
}

interface Shown {
  readonly seq: number;
  readonly priority: string;
  readonly sizeBytes: number;
  readonly createdAt: number;
  readonly sendAt: number | null;
  readonly nextAttemptAt: number | null;
  readonly sentAt: number | null;
}

const KEYS: Readonly<Record<Sort, (one: Shown) => readonly number[]>> = {
  newest: ({ seq }) => [-seq],
  oldest: ({ seq }) => [seq],
  priority: ({ priority, createdAt, sendAt, seq }) => [
    PRIORITIES.findIndex((known) => known === priority),
    Math.max(createdAt, sendAt ?? 0),
    seq,
  ],
  size: ({ sizeBytes, seq }) => [-sizeBytes, -seq],
  next: ({ nextAttemptAt, seq }) => [nextAttemptAt ?? Infinity, seq],
  sent: ({ sentAt, seq }) => [-(sentAt ?? 0), -seq],
};

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? 0;
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}

/** Messages of every kind, with many ties in every column that a listing sorts by. */
async function fill(store: Store, now: number): Promise<void> {
  await store.enqueue(Array.from({ length: MANY }, (_, i) =>
    newMessage({
      recipients: [`${i % 5}@b.test`],
      priority: PRIORITIES[i % 4] ?? "normal",
      createdAt: START - 100 + i % 7,
      sendAt: i % 11 === 0 ? now + 1_000 + i % 3 : i % 13 === 0 ? now - 1_000 : null,
      isHeld: i % 17 === 0,
      sizeBytes: 100 + i % 6,
      content: new Uint8Array(100 + i % 6),
    })));
  await using worker = await worked(store);
  const { claims } = await claimAll(store, worker.handle, MANY / 2);
  const endings = ["sent", { retryAt: now + 500 }, { retryAt: now + 700 }, "failed"] as const;
  await store.record(
    claims.map((claim, i) => attemptOf(claim, endings[i % 4] ?? "sent")),
  );
}
