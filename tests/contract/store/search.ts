import assert from "node:assert/strict";
import { SORTS } from "../../../src/queue/filter.ts";
import type { WholeMessage } from "../../../src/queue/message.ts";
import { enqueued, listed, newMessage } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";

const display = { subject: null, from: null, to: null, messageId: null };
const bare = { sender: "", recipients: ["x@y.test"], display };
const INVOICE: Partial<WholeMessage> = {
  sender: "billing@shop.test",
  recipients: ["bob@acme.test", "second.one@other.test"],
  display: {
    subject: "Ihre Rechnung: Invoice-4711 für Zoë Straße — 東京タワー",
    from: "Billing Dept. <no-reply@shop.test>",
    to: "Bob Müller <bob@acme.test>",
    messageId: "<20261122.abc-77@mx.shop.test>",
  },
};

/** What is typed, and whether it means the message above. */
const SEARCHES: readonly (readonly [string, boolean])[] = [
  ["acme", true],
  ["ACME", true],
  ["acm", true],
  ["cme", false],
  ["inv", true],
  ["i", true],
  ["invoice-4711", true],
  ["invoice-47", true],
  ["4711 invoice", true],
  ["4711-invoice", false],
  ["4712", false],
  ["bob@acme.test", true],
  ["bob@acme", true],
  ["bob@other.test", false],
  ["@acme.test", true],
  ["second.one", true],
  ["<20261122.abc-77@mx.shop.test>", true],
  ["no-reply@shop", true],
  ["billing rechnung 東京", true],
  ["billing rechnung nothing", false],
  ["zoe", true],
  ["ZOË", true],
  ["fur", true],
  ["strasse", true],
  ["STRAßE", true],
  ["muller", true],
  ["タワー", true],
  ["ﾀﾜｰ", true],
  ["京タ", true],
  ["京東", false],
  // Side by side in one field, not from one to the next.
  ["タワー-billing", false],
  ["   ", true],
  ["%", false],
  ["_ *", false],
  ["inv%", true],
];

/** Texts that a language for queries would choke on. None means anything but its words. */
const HOSTILE: readonly string[] = [
  '"',
  '""',
  'q" OR "b',
  "q*",
  "*",
  "^q",
  "q AND",
  "NOT q",
  "NEAR(q b, 2)",
  "q NEAR/2 b",
  "subject_words : q",
  "{subject_words} : q",
  "- q",
  "q + b",
  "(",
  ")",
  "q OR",
  "'; DROP TABLE message; --",
  "\0",
  "q\0b",
  "\ud800",
  "\ufffd",
  "\u0301",
  "q".repeat(1_000),
  "q ".repeat(500),
  "東".repeat(1_000),
];

export function searchTests(test: TestStore): void {
  for (const isIndexed of [true, false]) {
    const how = isIndexed ? "the index" : "what is not in the index yet";
    test(`a search finds by the beginnings of words in ${how}`, async ({ store }) => {
      const id = await enqueued(store, INVOICE);
      await enqueued(store, bare);
      if (isIndexed) await store.bringSearchUpToDate();
      for (const [search, isMeant] of SEARCHES) {
        const found = (await listed(store, { search })).includes(id);
        assert.equal(found, isMeant, search);
      }
    });

    test(`no text looked for in ${how} is an error or anything but words`, async ({ store }) => {
      await enqueued(store, INVOICE);
      if (isIndexed) await store.bringSearchUpToDate();
      for (const search of HOSTILE) assert.deepEqual(await listed(store, { search }), [], search);
      const search = "x".repeat(100_000);
      await assert.rejects(listed(store, { search }), { code: "usage" });
    });
  }

  test("a text without letters means no message to an action either", async ({ store }) => {
    await enqueued(store);
    const open = { finalBefore: null, includeOpen: true };
    assert.equal(await store.purge({ search: "***" }, open), 0);
    assert.equal((await store.cancel({ search: "%" })).changed, 0);
  });

  test("a search pages through every order, the index being half done", async ({ store }) => {
    const MANY = 1_300;
    const messages = Array.from({ length: MANY }, (_, i) =>
      newMessage({
        recipients: [i % 3 === 0 ? `a${i}@acme.test` : `b${i}@other.test`],
        sizeBytes: (i * 7) % 100,
        isHeld: i % 2 === 0,
      }));
    await store.enqueue(messages.slice(0, 700));
    await store.bringSearchUpToDate();
    await store.enqueue(messages.slice(700));
    const filters = [{ search: "acme" }, { search: "acme", statuses: ["held", "queued"] as const }];
    for (const filter of filters) {
      for (const sort of SORTS) {
        const { search: _, ...others } = filter;
        const meant = await listed(store, { ...others, to: "@acme.test" }, { sort });
        assert.equal(meant.length, Math.ceil(MANY / 3));
        assert.deepEqual(await listed(store, filter, { sort }), meant);
        const paged: string[] = [];
        while (paged.length < meant.length) {
          const page = await listed(store, filter, {
            sort,
            after: paged.at(-1) ?? null,
            limit: 150,
          });
          assert(page.length > 0);
          paged.push(...page);
        }
        assert.deepEqual(paged, meant, sort);
      }
    }
  });

  test("staged mail is found once it is visible, whichever way it was indexed", async (fixture) => {
    const { store } = fixture;
    const stage = await store.stage();
    const messages = Array.from({ length: 2_100 }, () => newMessage(INVOICE));
    await stage.add(messages);
    await enqueued(store, bare);
    await store.bringSearchUpToDate();
    assert.deepEqual(await listed(store, { search: "invoice" }), []);
    assert.equal((await store.hold({ search: "invoice" })).changed, 0);
    await stage.commit();
    assert.equal((await listed(store, { search: "invoice" })).length, 2_100);
    const other = await store.stage();
    await other.add([newMessage(INVOICE)]);
    await store.bringSearchUpToDate();
    await other.abort();
    assert.equal((await listed(store, { search: "invoice" })).length, 2_100);
  });

  test("deleted mail is not found", async ({ store }) => {
    const [first = "", second = ""] = [await enqueued(store, INVOICE), await enqueued(store)];
    await store.bringSearchUpToDate();
    await store.purge({ ids: [first] }, { finalBefore: null, includeOpen: true });
    assert.deepEqual(await listed(store, { search: "test" }), []);
    assert.deepEqual(await listed(store, { search: "hello" }), [second]);
    await store.purge({}, { finalBefore: null, includeOpen: true });
    const third = await enqueued(store, INVOICE);
    await store.bringSearchUpToDate();
    assert.deepEqual(await listed(store, { search: "invoice" }), [third]);
  });

  test("two processes bring the index up to date at once, each message once", async (fixture) => {
    const { store } = fixture;
    const other = await fixture.another();
    for (let i = 0; i < 3; i++) {
      await store.enqueue(Array.from({ length: 2_000 }, () => newMessage(INVOICE)));
    }
    const told: number[] = [];
    await Promise.all([
      store.bringSearchUpToDate({
        onProgress: (done, total) => {
          assert(total !== null && done <= total);
          told.push(done);
        },
      }),
      other.bringSearchUpToDate(),
    ]);
    assert(told.every((done, i) => done >= (told[i - 1] ?? 0)));
    assert.equal((await listed(store, { search: "invoice" })).length, 6_000);
    let more = 0;
    await other.bringSearchUpToDate({ onProgress: () => more++ });
    assert.equal(more, 0);
  });

  test("bringing the index up to date stops when told to", async ({ store }) => {
    for (let i = 0; i < 3; i++) {
      await store.enqueue(Array.from({ length: 2_000 }, () => newMessage(INVOICE)));
    }
    await store.bringSearchUpToDate({
      signal: AbortSignal.abort(),
      onProgress: () => assert.fail("it began"),
    });
    const stop = new AbortController();
    let done = 0;
    await store.bringSearchUpToDate({
      signal: stop.signal,
      onProgress: (now) => {
        done = now;
        stop.abort();
      },
    });
    assert(done > 0 && done <= 2_000, `${done} in one commit`);
    assert.equal((await listed(store, { search: "invoice" })).length, 6_000);
  });
}
