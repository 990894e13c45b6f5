import assert from "node:assert/strict";
import { claimDue } from "../../src/store/sqlite/claims/claim.ts";
import type { Connection, Value } from "../../src/store/sqlite/db/connection.ts";
import type { SqliteStore } from "../../src/store/sqlite/store.ts";
import { SORTS } from "../../src/queue/filter.ts";
import type { Store } from "../../src/queue/ports/store.ts";
import { attemptOf, enqueued, newMessage, START } from "../support/queue_messages.ts";
import { SqliteFixture } from "../support/queue_sqlite.ts";

const NEWEST = { sort: "newest", after: null, limit: 50 } as const;
const OPEN = { finalBefore: null, includeOpen: true };
const BY_ID = { ids: ["aaaa00000000", "bbbb00000000"] };

interface Case {
  readonly what: string;
  readonly run: (store: Store) => Promise<unknown>;
  /** The index that finds the messages. */
  readonly uses: RegExp;
}

const ID_INDEX = /SEARCH message USING (COVERING )?INDEX sqlite_autoindex_message_1 \(id=\?\)/;

const CASES: readonly Case[] = [
  {
    what: "retry --due",
    run: (store) => store.retry({}, { dueOnly: true }),
    uses: /USING INDEX next_due/,
  },
  {
    what: "retry of all",
    run: (store) => store.retry({}, { dueOnly: false }),
    uses: /USING INDEX next_due/,
  },
  {
    what: "the count of exhausted mail",
    run: (store) => store.retry({}, { dueOnly: true }),
    uses: /USING INDEX exhausted/,
  },
  { what: "overdue mail", run: (store) => store.status(), uses: /USING INDEX next_due/ },
  { what: "expireDue", run: (store) => store.expireDue(), uses: /USING INDEX expiring/ },
  {
    what: "purge by age",
    run: (store) => store.purge({}, { finalBefore: START, includeOpen: false }),
    uses: /USING INDEX final_since \(status=\? AND final_at>\? AND final_at<\?\)/,
  },
  {
    what: "purge of sent mail by age",
    run: (store) => store.purge({ statuses: ["sent"] }, { finalBefore: START, includeOpen: false }),
    uses: /USING INDEX final_since \(status=\? AND final_at>\? AND final_at<\?\)/,
  },
  { what: "purge of ids", run: (store) => store.purge(BY_ID, OPEN), uses: ID_INDEX },
  { what: "retry of ids", run: (store) => store.retry(BY_ID, { dueOnly: false }), uses: ID_INDEX },
  {
    what: "resend of ids",
    run: (store) => store.resend(BY_ID, { unsentOnly: true }),
    uses: ID_INDEX,
  },
  { what: "cancel of ids", run: (store) => store.cancel(BY_ID), uses: ID_INDEX },
  { what: "hold of ids", run: (store) => store.hold(BY_ID), uses: ID_INDEX },
  { what: "release of ids", run: (store) => store.release(BY_ID), uses: ID_INDEX },
  {
    what: "cancel by status",
    run: (store) => store.cancel({ statuses: ["deferred"] }),
    uses: /USING INDEX by_status \(status=\?\)/,
  },
  { what: "list of ids", run: (store) => first(store.list(BY_ID, NEWEST)), uses: ID_INDEX },
  {
    what: "list by tag",
    run: (store) => first(store.list({ tags: ["t"] }, NEWEST)),
    uses: /SEARCH message USING INTEGER PRIMARY KEY \(rowid=\?\)/,
  },
  {
    what: "list --status failed",
    run: (store) => first(store.list({ statuses: ["failed"] }, NEWEST)),
    uses: /USING INDEX by_status \(status=\?\)/,
  },
  {
    what: "list --status failed --after",
    run: async (store) => {
      const id = await enqueued(store);
      return await first(store.list({ statuses: ["failed"] }, { ...NEWEST, after: id }));
    },
    uses: /USING INDEX by_status \(status=\? AND seq<\?\)/,
  },
  {
    what: "show",
    run: (store) => store.show("aaaa00000000"),
    uses: ID_INDEX,
  },
  {
    what: "ids of a prefix",
    run: (store) => store.idsWithPrefix("aa", 5),
    uses: /INDEX sqlite_autoindex_message_1 \(id>\? AND id<\?\)/,
  },
  { what: "status", run: (store) => store.status(), uses: /USING INDEX scheduled_for/ },
  {
    what: "a known key",
    run: (store) => store.enqueue([newMessage({ key: "k" })]),
    uses: /USING (COVERING )?INDEX by_key/,
  },
];

for (const { what, run, uses } of CASES) {
  Deno.test(`query plan: ${what} uses its index and never reads the whole table`, async () => {
    await using fixture = await SqliteFixture.open();
    const plans = await plansOf(fixture.store, run);
    assert(plans.some((plan) => uses.test(plan)), plans.join("\n"));
    for (const plan of plans) assertNoScan(plan);
  });
}

Deno.test("query plan: a claim walks claim_order without sorting, in every lane", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const stage = await store.stage();
  await stage.add(Array.from({ length: 2_001 }, () => newMessage()));
  await stage.commit();
  const worker = await store.registerWorker("test");
  for (const ids of [undefined, ["aaaa00000000"]]) {
    const request = { worker, limit: 3, onlyUntried: true, ...ids === undefined ? {} : { ids } };
    const plans = await plansOf(store, (each) => claimDue(each.db, request, () => START));
    const heads = plans.filter((plan) => /claim_order/.test(plan));
    assert.equal(heads.length, ids === undefined ? 1 : 0);
    for (const plan of heads) assert.doesNotMatch(plan, /TEMP B-TREE/);
    for (const plan of plans) assertNoScan(plan);
  }
  await worker.close();
});

Deno.test("query plan: recording, giving back and taking over go straight to their rows", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  await store.enqueue(Array.from({ length: 3 }, () => newMessage()));
  const worker = await store.registerWorker("test");
  const { claims } = await store.claimDue({ worker, limit: 3, onlyUntried: true });
  const [one, two, three] = claims;
  assert(one !== undefined && two !== undefined && three !== undefined);
  const attempts = [attemptOf(one, "sent"), attemptOf(two, { retryAt: START })];
  const plans = [
    ...await plansOf(store, (each) => each.record(attempts)),
    ...await plansOf(store, (each) => each.giveBack([three])),
    ...await plansOf(store, () => worker.close()),
    ...await plansOf(store, (each) => each.takeOver()),
  ];
  for (const plan of plans) assertNoScan(plan);
});

Deno.test("query plan: the first page of a listing by age stops at its limit", async () => {
  await using fixture = await SqliteFixture.open();
  for (const sort of SORTS) {
    const plans = await plansOf(
      fixture.store,
      (store) => first(store.list({}, { ...NEWEST, sort })),
    );
    const isSorted = plans.some((plan) => /TEMP B-TREE FOR ORDER BY/.test(plan));
    assert.equal(isSorted, sort !== "newest" && sort !== "oldest", sort);
  }
});

Deno.test("query plan: a search walks its index from the newest on, and no other table", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const after = await enqueued(store);
  await store.bringSearchUpToDate();
  const filters = [{ search: "hel" }, { search: "hel", statuses: ["failed", "sent"] as const }];
  for (const filter of filters) {
    for (const options of [NEWEST, { ...NEWEST, after }]) {
      const plans = await plansOf(store, (each) => first(each.list(filter, options)));
      const walks = plans.filter((plan) => /words MATCH/.test(plan));
      assert.equal(walks.length, 1);
      for (const walk of walks) {
        assert.match(walk, /SCAN words VIRTUAL TABLE INDEX \d+:.*M/);
        assert.match(walk, /SEARCH message USING INTEGER PRIMARY KEY \(rowid=\?\)/);
        // FTS5 gives the rows in this order; only the pages of several walks are sorted.
        for (const part of walk.split("CO-ROUTINE")) {
          assert.doesNotMatch(part.split("SCAN (subquery")[0] ?? "", /TEMP B-TREE/, walk);
        }
      }
      for (const plan of plans) assertNoScan(plan);
    }
  }
  const acts = await plansOf(store, (each) => each.hold({ search: "hel" }));
  for (const plan of acts) assertNoScan(plan);
});

Deno.test("query plan: the index is brought up to date by seq alone", async () => {
  await using fixture = await SqliteFixture.open();
  await enqueued(fixture.store, { recipients: ["a@b.test", "c@d.test"] });
  const plans = await plansOf(fixture.store, (store) => store.bringSearchUpToDate());
  assert(plans.some((plan) => /SEARCH message USING INTEGER PRIMARY KEY \(rowid>\?\)/.test(plan)));
  for (const plan of plans) assertNoScan(plan);
});

Deno.test("query plan: a stage is committed and swept by its lane", async () => {
  await using fixture = await SqliteFixture.open();
  for (const end of ["commit", "abort"] as const) {
    const stage = await fixture.store.stage();
    await stage.add([newMessage()]);
    const plans = await plansOf(fixture.store, () => stage[end]());
    assert(plans.some((plan) => /USING (COVERING )?INDEX by_lane \(lane=\?\)/.test(plan)));
    for (const plan of plans) assertNoScan(plan);
  }
});

/** The plans of all statements that an action runs. */
async function plansOf(
  store: SqliteStore,
  action: (store: SqliteStore) => Promise<unknown>,
): Promise<string[]> {
  const { db } = store;
  const statements = new Map<string, Value[]>();
  const watched = ["get", "all", "run", "insert"] as const;
  for (const name of watched) {
    // The instance's own property hides the method until it is deleted again.
    const method: Connection[typeof name] = db[name].bind(db);
    Object.defineProperty(db, name, {
      configurable: true,
      value: (sql: string, ...values: Value[]) => {
        statements.set(sql, values);
        return method(sql, ...values);
      },
    });
  }
  try {
    await action(store);
  } finally {
    for (const name of watched) Reflect.deleteProperty(db, name);
  }
  const plans: string[] = [];
  for (const [sql, values] of statements) {
    if (!/^\s*(SELECT|UPDATE|DELETE|INSERT)/i.test(sql)) continue;
    const rows = db.all(`EXPLAIN QUERY PLAN ${sql}`, ...values);
    plans.push(`${sql}\n${rows.map((row) => row.detail).join("\n")}`);
  }
  return plans;
}

/** A walk along a partial index is none: that holds just the rows that are wanted. */
function assertNoScan(plan: string): void {
  const whole = plan.replaceAll(/^SCAN message USING INDEX (exhausted|next_due)$/gm, "");
  assert.doesNotMatch(whole, /SCAN (message|recipient|attempt|body|tag)( |$)/m);
}

async function first<T>(some: AsyncIterable<T>): Promise<T | undefined> {
  for await (const one of some) return one;
  return undefined;
}
