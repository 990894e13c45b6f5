import assert from "node:assert/strict";
import { attemptOf, enqueued, newMessage, START } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";
import { claimAll, claimOne, idsOf, worked } from "./claims.ts";

const TWO = ["a@example.com", "b@example.com"];

export function recordTests(test: TestStore): void {
  test("a sent message is final, with its reply and its attempt", async ({ store, clock }) => {
    const id = await enqueued(store);
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    clock.advance(70);
    const attempt = attemptOf(claim, "sent", { code: 250, enhanced: "2.0.0", reply: "ok" });
    assert.deepEqual(await store.record([attempt]), { lost: [] });
    const shown = await store.show(id);
    assert.deepEqual(
      [shown?.status, shown?.sentAt, shown?.tries, shown?.lastReply, shown?.recipientsSent],
      ["sent", START + 70, 1, "250 2.0.0 ok", 1],
    );
    assert.deepEqual(shown?.recipients, [{
      address: "ann@example.com",
      state: "sent",
      reason: null,
      tries: 1,
      failures: 0,
      code: 250,
      enhanced: "2.0.0",
      reply: "ok",
      nextAttemptAt: null,
      sentAt: START + 70,
      dsn: null,
      bounce: null,
    }]);
    assert.deepEqual(shown?.attempts, [{
      n: 1,
      startedAt: START,
      durationMs: 7,
      relay: "default",
      host: "relay.example:25",
      tls: "TLSv1.3",
      result: "sent",
      code: 250,
      enhanced: "2.0.0",
      reply: "ok",
      error: null,
      traceback: null,
      transcript: null,
      outcomes: [{
        address: "ann@example.com",
        kind: "sent",
        code: 250,
        enhanced: "2.0.0",
        text: "ok",
      }],
    }]);
  });

  test("every kind of end is kept for each recipient", async ({ store }) => {
    const recipients = ["s@a.test", "d@a.test", "f@a.test", "x@a.test", "u@a.test"];
    const id = await enqueued(store, { recipients });
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    const endings = {
      0: "sent",
      1: { retryAt: START + 500 },
      2: "failed",
      3: "exhausted",
      4: "uncertain",
    } as const;
    const more = { error: "lost", traceback: "at x", transcript: "C: QUIT" };
    await store.record([attemptOf(claim, endings, more)]);
    const shown = await store.show(id);
    assert.deepEqual(
      shown?.recipients.map(({ state, reason, failures, tries }) => [
        state,
        reason,
        failures,
        tries,
      ]),
      [
        ["sent", null, 0, 1],
        ["deferred", null, 1, 1],
        ["failed", "permanent", 1, 1],
        ["failed", "retries", 1, 1],
        ["deferred", null, 1, 1],
      ],
    );
    assert.deepEqual(
      [shown?.status, shown?.nextAttemptAt, shown?.recipientsOpen, shown?.recipientsFailed],
      ["deferred", START, 2, 2],
    );
    assert.equal(shown?.finalReason, null, "a message that goes on has no final reason");
    const deferred = shown?.recipients[1];
    assert.equal(
      shown?.lastReply,
      `${deferred?.code} ${deferred?.enhanced} ${deferred?.reply}`,
      "while a message waits, the last reply says why",
    );
    const [attempt] = shown?.attempts ?? [];
    assert.equal(attempt?.result, "partial");
    assert.deepEqual([attempt?.error, attempt?.traceback, attempt?.transcript], [
      "lost",
      "at x",
      "C: QUIT",
    ]);
    assert.deepEqual(attempt?.outcomes.map(({ kind }) => kind), [
      "sent",
      "deferred",
      "failed",
      "deferred",
      "uncertain",
    ]);
  });

  test("recipients that the last attempt did not reach keep their place", async ({ store }) => {
    const first = await enqueued(store, { recipients: TWO });
    const second = await enqueued(store, { createdAt: START + 1 });
    await using one = await worked(store);
    await using two = await worked(store);
    const claim = await claimOne(store, one.handle);
    await store.record([attemptOf(claim, { 0: "sent" })]);
    const shown = await store.show(first);
    assert.equal(shown?.status, "queued");
    assert.deepEqual(shown?.recipients.map(({ state, tries }) => [state, tries]), [
      ["sent", 1],
      ["queued", 0],
    ]);
    const { claims } = await claimAll(store, two.handle);
    assert.deepEqual(idsOf(claims), [first, second]);
    assert.deepEqual(claims[0]?.recipients.map(({ n }) => n), [1]);
  });

  test("a claim goes on over several attempts until one ends it", async ({ store }) => {
    const id = await enqueued(store, { recipients: [...TWO, "c@example.com"] });
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    const open = { endsClaim: false };
    await store.record([attemptOf(claim, { 0: "sent" }, open)]);
    assert.equal((await store.show(id))?.status, "sending");
    const second = attemptOf(claim, { 1: "sent" }, open);
    const third = attemptOf(claim, { 2: "failed" });
    assert.deepEqual((await store.record([second, third])).lost, []);
    const shown = await store.show(id);
    assert.equal(shown?.status, "partial");
    assert.deepEqual(shown?.attempts.map(({ n, result }) => [n, result]), [
      [1, "sent"],
      [2, "sent"],
      [3, "failed"],
    ]);
  });

  test("a claim whose recipients all have their end is over even if nobody says so", async ({ store }) => {
    const id = await enqueued(store);
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    await store.record([attemptOf(claim, "sent", { endsClaim: false })]);
    assert.equal((await store.show(id))?.status, "sent");
    assert.equal(await store.purge({}, { finalBefore: null, includeOpen: false }), 1);
  });

  test("many attempts are recorded in one commit", async ({ store }) => {
    await store.enqueue(Array.from({ length: 70 }, () => newMessage({ recipients: TWO })));
    await using worker = await worked(store);
    const { claims } = await claimAll(store, worker.handle);
    const ends = ["sent", "failed", { retryAt: START + 9 }] as const;
    await store.record(
      claims.map((claim, i) => attemptOf(claim, ends[i % 3] ?? "sent")),
    );
    const { sent, failed, deferred, sending } = await store.status();
    assert.deepEqual([sent, failed, deferred, sending], [24, 23, 23, 0]);
  });

  test("recording is all or none", async ({ store }) => {
    const [a, b] = [await enqueued(store), await enqueued(store)];
    await using worker = await worked(store);
    const { claims } = await claimAll(store, worker.handle);
    assert(claims[0] !== undefined && claims[1] !== undefined);
    const good = attemptOf(claims[0], "sent");
    // No database takes an attempt without a start.
    const bad = attemptOf(claims[1], "sent", { startedAt: NaN });
    await assert.rejects(store.record([good, bad]));
    for (const id of [a, b]) {
      const shown = await store.show(id);
      assert.deepEqual([shown?.status, shown?.attempts.length], ["sending", 0]);
    }
  });

  test("giveBack puts a claim back in its place, untried", async ({ store, clock }) => {
    const ids = [await enqueued(store), await enqueued(store, { createdAt: START + 1 })];
    await using worker = await worked(store);
    const { claims } = await claimAll(store, worker.handle, 1);
    clock.advance(1_000);
    await store.giveBack(claims);
    const shown = await store.show(ids[0] ?? "");
    assert.deepEqual([shown?.status, shown?.tries, shown?.attempts.length], ["queued", 0, 0]);
    const again = await claimAll(store, worker.handle);
    assert.deepEqual(idsOf(again.claims), ids, "the same worker may take it up again");
    assert.notEqual(again.claims[0]?.token, claims[0]?.token);
  });

  test("a lost claim's failures change nothing", async (fixture) => {
    const { store } = fixture;
    const id = await enqueued(store, { recipients: TWO });
    const lost = await store.registerWorker("test");
    const claim = await claimOne(store, lost);
    fixture.abandon(lost);
    await store.takeOver();
    const before = await store.show(id);
    for (const ending of ["failed", { retryAt: START + 9 }, "uncertain"] as const) {
      const result = await store.record([attemptOf(claim, ending)]);
      assert.deepEqual(result, { lost: [claim.token] });
    }
    await store.giveBack([claim]);
    assert.deepEqual(await store.show(id), before);
  });

  test("a lost claim's acceptance is recorded, but not while another sends", async (fixture) => {
    const { store } = fixture;
    const id = await enqueued(store, { recipients: [...TWO, "c@example.com"] });
    const lost = await store.registerWorker("test");
    const late = await claimOne(store, lost);
    fixture.abandon(lost);
    await store.takeOver();
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    assert.deepEqual(await store.record([attemptOf(late, "sent")]), { lost: [late.token] });
    const states = async () => (await store.show(id))?.recipients.map(({ state }) => state);
    assert.deepEqual(await states(), ["sending", "sending", "sending"]);
    const endings = { 0: { retryAt: START }, 1: "failed", 2: "sent" } as const;
    assert.deepEqual((await store.record([attemptOf(claim, endings)])).lost, []);
    await store.record([attemptOf(late, "sent")]);
    const shown = await store.show(id);
    assert.deepEqual(shown?.recipients.map(({ state, reason }) => [state, reason]), [
      ["sent", null],
      ["sent", null],
      ["sent", null],
    ]);
    assert.equal(shown?.status, "sent");
    assert.deepEqual(shown?.attempts.map(({ n, result }) => [n, result]), [
      [1, "sent"],
      [2, "partial"],
      [3, "sent"],
    ]);
  });

  test("what is recorded of purged mail is told as lost", async (fixture) => {
    const { store } = fixture;
    await enqueued(store);
    const lost = await store.registerWorker("test");
    const claim = await claimOne(store, lost);
    fixture.abandon(lost);
    await store.takeOver();
    await store.purge({}, { finalBefore: null, includeOpen: true });
    assert.deepEqual(await store.record([attemptOf(claim, "sent")]), { lost: [claim.token] });
  });

  test("NUL in replies and transcripts is kept readable", async ({ store }) => {
    const id = await enqueued(store);
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    const text = "a\0b";
    const attempt = attemptOf(claim, "failed", {
      reply: text,
      error: text,
      traceback: text,
      transcript: text,
    });
    const changes = attempt.changes.map((change) => ({ ...change, reply: text }));
    await store.record([{ ...attempt, changes }]);
    const shown = await store.show(id);
    const [recorded] = shown?.attempts ?? [];
    for (
      const field of [
        shown?.recipients[0]?.reply,
        recorded?.reply,
        recorded?.error,
        recorded?.traceback,
        recorded?.transcript,
      ]
    ) assert.equal(field, "a\ufffdb");
    assert.equal(shown?.lastReply, "550 5.1.1 a\ufffdb");
  });
}
