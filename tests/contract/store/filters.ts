import assert from "node:assert/strict";

import type { Filter } from "../../../src/queue/filter.ts";
import type { WholeMessage } from "../../../src/queue/message.ts";
import { enqueued, listed, newMessage, START } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";
import { ended } from "./actions.ts";
import { worked } from "./claims.ts";

type Parts = Partial<WholeMessage>;

interface Case {
  readonly filter: Filter;
  /** Messages that it means, and others that it does not. */
  readonly hits: readonly Parts[];
  readonly misses: readonly Parts[];
}

const to = (...recipients: string[]): Parts => ({ recipients });
const display = { subject: null, from: null, to: null, messageId: null };
const subject = (subject: string): Parts => ({ display: { ...display, subject } });
const sized = (sizeBytes: number): Parts => ({ content: new Uint8Array(sizeBytes), sizeBytes });
const from = (sender: string, from: string | null = null): Parts => ({
  sender,
  display: { ...display, from },
});

const CASES: readonly Case[] = [
  {
    filter: { to: "bob@acme.test" },
    hits: [to("bob@acme.test"), to("x@y.test", "BOB@Acme.Test")],
    misses: [to("bigbob@acme.test"), to("bob@acme.test.example"), to("x@y.test")],
  },
  {
    filter: { to: "@acme.test" },
    hits: [to("bob@acme.test"), to("ann@ACME.test", "x@y.test")],
    misses: [to("bob@sub.acme.test"), to("bob@acme.test.example"), to("bob@notacme.test")],
  },
  {
    filter: { to: "acme" },
    hits: [to("bob@ACME.test"), to("acme@y.test")],
    misses: [to("bob@y.test")],
  },
  { filter: { to: "50%" }, hits: [to("50%off@y.test")], misses: [to("501off@y.test")] },
  { filter: { to: "a_b@y.test" }, hits: [to("a_b@y.test")], misses: [to("axb@y.test")] },
  { filter: { to: "a\\b" }, hits: [to("xa\\b@y.test")], misses: [to("ab@y.test")] },
  { filter: { to: "'; --" }, hits: [to("'; --@y.test")], misses: [to("a@y.test")] },
  { filter: { to: "JÜRGEN" }, hits: [to("jürgen@y.test")], misses: [to("jurgen@y.test")] },
  {
    filter: { from: "bob@acme.test" },
    hits: [
      from("bob@acme.test"),
      from("bounce@x.test", "Bob <Bob@acme.test>"),
      from("", "bob@acme.test"),
    ],
    misses: [
      from("bigbob@acme.test"),
      from("x@x.test", "Big <bigbob@acme.test>"),
      from("x@x.test", "bigbob@acme.test"),
    ],
  },
  {
    filter: { from: "@acme.test" },
    hits: [from("bob@acme.test"), from("x@x.test", "Bob <bob@acme.test>")],
    misses: [from("bob@acme.test.example"), from("x@x.test", "Bob <bob@acme.test.example>")],
  },
  {
    filter: { from: "Müller" },
    hits: [from("x@x.test", "Hans MÜLLER <h@y.test>")],
    misses: [from("mueller@x.test", "Hans Muller")],
  },
  {
    filter: { subject: "INVOICE 100%" },
    hits: [subject("Your invoice 100% paid")],
    misses: [subject("Your invoice 1000 paid"), { display }],
  },
  {
    filter: { subject: "*ß? [é] ñ%_^-]" },
    hits: [subject("A *ß? [É] Ñ%_^-] b")],
    misses: [subject("xß? [e] ñ%_^-]"), subject("*ßx [é] ñ%_^-]"), subject("*ß? é ñ%_^-]")],
  },
  {
    filter: { search: "привет 東京" },
    hits: [subject("東京 ПРИВЕТ")],
    misses: [subject("ПРИВЕТ")],
  },
  { filter: { subject: "ÄRGER" }, hits: [subject("Viel Ärger")], misses: [subject("Viel Arger")] },
  {
    filter: { tags: ["a"] },
    hits: [{ tags: ["a"] }, { tags: ["b", "a"] }],
    misses: [
      {},
      { tags: ["ab"] },
      { tags: ["A"] },
    ],
  },
  { filter: { tags: ["a", "b"] }, hits: [{ tags: ["b", "a"] }], misses: [{ tags: ["a"] }] },
  {
    filter: { createdSince: START, createdUntil: START + 10 },
    hits: [{ createdAt: START }, { createdAt: START + 9 }],
    misses: [{ createdAt: START - 1 }, { createdAt: START + 10 }],
  },
  {
    filter: { idPrefix: "abc1" },
    hits: [{ id: "abc100000000" }, { id: "abc1zzzzzzzz" }],
    misses: [{ id: "abc200000000" }, { id: "abc0zzzzzzzz" }],
  },
  { filter: { key: "INV_1" }, hits: [{ key: "x-inv_12" }], misses: [{ key: "invx1" }, {}] },
  {
    filter: { priorities: ["now", "low"] },
    hits: [{ priority: "now" }, { priority: "low" }],
    misses: [{ priority: "high" }, { priority: "normal" }],
  },
  { filter: { priorities: [] }, hits: [], misses: [{}] },
  {
    filter: { largerThan: 4, smallerThan: 6 },
    hits: [sized(5)],
    misses: [sized(4), sized(6)],
  },
  {
    filter: { scheduledAfter: START + 10 },
    hits: [{ sendAt: START + 11 }],
    misses: [{}, { sendAt: START + 10 }, { sendAt: START - 5 }],
  },
  {
    filter: { dueAt: START + 10 },
    hits: [{}, { sendAt: START + 10 }],
    misses: [{ sendAt: START + 11 }],
  },
  {
    filter: { search: "  Acme invoice " },
    hits: [
      { ...subject("Invoice"), recipients: ["bob@acme.test"] },
      { ...subject("invoice from ACME") },
      { sender: "invoice@acme.test" },
      { display: { ...display, from: "Acme", to: "invoice@y.test" } },
      { display: { ...display, messageId: "<invoice@acme.test>" } },
    ],
    misses: [subject("Invoice"), to("bob@acme.test"), subject("Acme in voice")],
  },
  {
    filter: { not: [{ subject: "hi" }, { to: "@acme.test" }] },
    hits: [{ ...to("a@y.test"), display }, { ...to("a@y.test"), ...subject("ho") }],
    misses: [{ ...to("a@y.test"), ...subject("hi") }, { ...to("a@acme.test"), display }],
  },
  {
    filter: { not: [{ tags: ["a"], subject: "hi" }] },
    hits: [{ tags: ["a"] }, { ...subject("hi"), tags: [] }],
    misses: [{ ...subject("hi"), tags: ["a"] }],
  },
  {
    filter: { to: "acme", and: [{ to: "bob" }, { not: [{ from: "eve" }] }] },
    hits: [to("bob@acme.test"), to("ann@acme.test", "bob@y.test")],
    misses: [to("ann@acme.test"), { ...to("bob@acme.test"), sender: "eve@y.test" }],
  },
  {
    filter: { not: [{ error: "x" }, { search: "absent" }, { sentSince: 0 }] },
    hits: [subject("here")],
    misses: [subject("absent")],
  },
  {
    filter: { search: "100%" },
    hits: [subject("100%"), subject("1001")],
    misses: [subject("2100")],
  },
  {
    filter: { to: "acme", subject: "hi", tags: ["t"] },
    hits: [{ ...to("a@acme.test"), ...subject("hi"), tags: ["t"] }],
    misses: [{ ...to("a@acme.test"), ...subject("hi") }, { ...subject("hi"), tags: ["t"] }],
  },
];

export function filterTests(test: TestStore): void {
  test("a filter means what ended, or is to be tried, before a time", async ({ store, clock }) => {
    const sent = await ended(store, "sent");
    const failed = await ended(store, "failed");
    const deferred = await ended(store, { retryAt: START + 100 });
    const open = await enqueued(store, { createdAt: START + 50 });
    const now = clock.now();
    const found = async (filter: Filter) => (await listed(store, filter)).toSorted();
    assert.deepEqual(await found({ finalUntil: now }), []);
    assert.deepEqual(await found({ finalUntil: now + 1 }), [sent, failed, deferred].toSorted());
    assert.equal((await found({ finalUntil: START + 51 })).includes(open), true);
    assert.deepEqual(await found({ nextUntil: START + 100 }), []);
    assert.deepEqual(await found({ nextUntil: START + 101 }), [deferred]);
  });

  for (const { filter, hits, misses } of CASES) {
    test(`the filter ${JSON.stringify(filter)} means the right messages`, async ({ store }) => {
      const wanted = hits.map((parts) => newMessage(parts));
      const others = misses.map((parts) => newMessage(parts));
      await store.enqueue([...others, ...wanted]);
      const expected = wanted.map(({ id }) => id);
      assert.deepEqual(await listed(store, filter, { sort: "oldest" }), expected);
      assert.equal(await store.count(filter), expected.length);
      // An action means the same messages as the listing.
      assert.equal((await store.hold(filter)).changed, expected.length);
      assert.deepEqual(
        await listed(store, { statuses: ["held"] }, { sort: "oldest" }),
        expected,
      );
    });
  }

  test("ids mean whole ids, many at once", async ({ store }) => {
    const messages = Array.from({ length: 1_500 }, () => newMessage());
    await store.enqueue(messages);
    const ids = messages.slice(100, 1_300).map(({ id }) => id);
    assert.deepEqual(await listed(store, { ids }, { sort: "oldest" }), ids);
    assert.deepEqual(await listed(store, { ids: [] }), []);
    assert.deepEqual(await listed(store, { ids: [ids[0]?.slice(0, 6) ?? ""] }), []);
  });

  test("statuses mean the derived status, scheduled mail being queued", async ({ store }) => {
    const failed = await ended(store, "failed");
    const sent = await ended(store, "sent");
    const queued = await enqueued(store);
    const scheduled = await enqueued(store, { sendAt: START + 9 });
    const held = await enqueued(store, { isHeld: true });
    const oldest = { sort: "oldest" } as const;
    assert.deepEqual(await listed(store, { statuses: ["queued"] }, oldest), [queued, scheduled]);
    assert.deepEqual(await listed(store, { statuses: ["held", "sent"] }, oldest), [sent, held]);
    assert.deepEqual(await listed(store, { statuses: ["failed"], to: "ann" }), [failed]);
    assert.deepEqual(await listed(store, { statuses: [] }), []);
    assert.equal(await store.count({ statuses: ["queued"] }), 2);
    const open = { not: [{ statuses: ["failed", "sent", "queued"] }] } as const;
    assert.deepEqual(await listed(store, open), [held]);
    assert.deepEqual(await listed(store, { and: [{ statuses: ["failed"] }] }), [failed]);
  });

  test("error means a part of the last reply", async ({ store }) => {
    const failed = await ended(store, "failed");
    await ended(store, { retryAt: START });
    await enqueued(store);
    assert.deepEqual(await listed(store, { error: "No Such" }), [failed]);
    assert.deepEqual(await listed(store, { error: "550 5.1.1" }), [failed]);
  });

  test("a relay means what it was tried with last, and what waits untried for it", async ({ store }) => {
    const tried = await ended(store, { retryAt: START }, {}, { relay: "bulk" });
    await ended(store, "failed", {}, { relay: "bulk2" });
    const waits = await enqueued(store);
    {
      await using worker = await worked(store);
      const request = { worker: worker.handle, limit: 1, ids: [waits], onlyUntried: true };
      const { claims: [claim] } = await store.claimDue(request);
      assert(claim !== undefined);
      const reason = "the relay bulk is left alone: connection refused";
      await store.postpone([{ claim, recipients: [0], until: START, reason }]);
    }
    await enqueued(store);
    const found = await listed(store, { relay: "bulk" }, { sort: "oldest" });
    assert.deepEqual(found, [tried, waits]);
  });

  test("uncertain means that the last attempt was cut off", async ({ store }) => {
    const uncertain = await ended(store, "uncertain");
    await ended(store, { retryAt: START });
    await enqueued(store);
    assert.deepEqual(await listed(store, { isUncertain: true }), [uncertain]);
  });

  test("due means what may be sent at a time", async ({ store }) => {
    const early = await ended(store, { retryAt: START + 5 });
    const late = await ended(store, { retryAt: START + 50 });
    const found = await listed(store, { dueAt: START + 5 });
    assert.equal(found.includes(early), true);
    assert.equal(found.includes(late), false);
  });

  test("sentSince and sentUntil mean when mail was sent", async ({ store, clock }) => {
    const first = await ended(store, "sent");
    clock.advance(10);
    const second = await ended(store, "sent");
    await enqueued(store);
    assert.deepEqual(await listed(store, { sentSince: START + 10 }), [second]);
    assert.deepEqual(await listed(store, { sentUntil: START + 10 }), [first]);
    assert.deepEqual(await listed(store, { sentSince: START, sentUntil: START + 11 }), [
      second,
      first,
    ]);
  });
}
