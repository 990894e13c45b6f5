import assert from "node:assert/strict";
import type { Store } from "../../../src/queue/ports/store.ts";
import { attemptOf, enqueued, MINUTE_MS, newMessage } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";

/** The counts with this name, by their labels. */
async function countsOf(store: Store, name: string): Promise<Record<string, number>> {
  const { counts } = await store.figures();
  return Object.fromEntries(
    counts.filter((one) => one.name === name).map(({ labels, value }) => [labels.join(" "), value]),
  );
}

export function counterTests(test: TestStore): void {
  test("figures: what came in is counted by the way it came", async (fixture) => {
    const { store } = fixture;
    await store.enqueue([newMessage(), newMessage()]);
    const key = { key: "once" };
    await store.enqueue([newMessage(key)]);
    await store.enqueue([newMessage(key)]);
    await store.enqueue([newMessage({ submitter: "ann" })]);
    const other = await fixture.another({ wayIn: "sendmail" });
    await other.enqueue([newMessage()]);
    assert.deepEqual(await countsOf(store, "enqueued"), { drop: 1, enqueue: 3, sendmail: 1 });
  });

  test("figures: staged mail counts once it is visible, and not at all if it is dropped", async (fixture) => {
    const { store } = fixture;
    const dropped = await store.stage();
    await dropped.add([newMessage()]);
    await dropped.abort();
    const stage = await store.stage();
    await stage.add([newMessage(), newMessage(), newMessage()]);
    assert.deepEqual(await countsOf(store, "enqueued"), {});
    await stage.commit();
    assert.deepEqual(await countsOf(store, "enqueued"), { enqueue: 3 });
    const holder = await fixture.another({ wayIn: "tx" });
    const batch = await holder.openBatch(null);
    await (await store.joinBatch(batch.token)).enqueue([newMessage(), newMessage()]);
    await batch.commit();
    assert.deepEqual(await countsOf(store, "enqueued"), { enqueue: 3, tx: 2 });
  });

  test("figures: when the certificates end that relays have shown", async (fixture) => {
    const { store } = fixture;
    assert.deepEqual([...(await store.figures()).certificateEnds], []);
    await store.noteCertificate("main", MINUTE_MS);
    await store.noteCertificate("main", 2 * MINUTE_MS);
    await (await fixture.another()).noteCertificate("a_b%", 5);
    assert.deepEqual(
      new Map((await store.figures()).certificateEnds),
      new Map([["main", 2 * MINUTE_MS], ["a_b%", 5]]),
    );
  });

  test("figures: attempts, what became of recipients, and how long it took", async ({ store, clock }) => {
    const worker = await store.registerWorker("send");
    for (let n = 0; n < 3; n++) await enqueued(store, { recipients: ["a@x.test", "b@x.test"] });
    const { claims } = await store.claimDue({ worker, limit: 9, onlyUntried: true });
    clock.advance(2 * MINUTE_MS);
    const [one, two, three] = claims;
    assert.ok(one !== undefined && two !== undefined && three !== undefined);
    await store.record([
      attemptOf(one, ["sent", "sent"]),
      attemptOf(two, ["sent", "failed"]),
      attemptOf(three, ["uncertain", { retryAt: clock.now() + MINUTE_MS }]),
    ]);
    const relay = attemptOf(one, ["sent"]).relay;
    const attempts = await countsOf(store, "attempts");
    assert.deepEqual(attempts, {
      [`${relay} partial`]: 1,
      [`${relay} sent`]: 1,
      [`${relay} uncertain`]: 1,
    });
    const recipients = Object.entries(await countsOf(store, "recipients"))
      .map(([labels, n]) => [labels.replace(/ \S+$/, ""), n]);
    assert.deepEqual(Object.fromEntries(recipients), {
      [`${relay} deferred`]: 1,
      [`${relay} failed`]: 1,
      [`${relay} sent`]: 3,
      [`${relay} uncertain`]: 1,
    });
    assert.deepEqual(await countsOf(store, "delivery_delay"), {
      [`${relay} 300`]: 3,
      [`${relay} sum`]: 3 * 120,
    });
    const durations = Object.entries(await countsOf(store, "attempt_duration"));
    const observed = durations.filter(([labels]) => !labels.endsWith(" sum"));
    assert.equal(observed.reduce((sum, [, n]) => sum + n, 0), 3);
    await worker.close();
  });

  test("figures: what ends without an attempt, faults of relays, purges that take no count away", async ({ store, clock }) => {
    await store.suppress(["no@x.test"], null);
    await enqueued(store, { recipients: ["no@x.test", "yes@x.test"] });
    await enqueued(store, { expiresAt: clock.now() + 1, recipients: ["a@x.test", "b@x.test"] });
    clock.advance(5);
    assert.equal(await store.expireDue(), 1);
    await store.cancel({});
    assert.deepEqual(await countsOf(store, "recipients"), {
      "none cancelled none": 1,
      "none expired none": 2,
      "none suppressed none": 1,
    });
    const failing = (failures: number) => ({
      failures,
      downSince: 1,
      openUntil: null,
      lastError: "x",
      refusal: null,
      hint: null,
    });
    for (const failures of [1, 2, 2, 0, 1]) {
      await store.noteRelay("default", () => failing(failures));
    }
    assert.deepEqual(await countsOf(store, "relay_faults"), { default: 3 });
    const before = (await store.figures()).counts;
    assert.equal(await store.purge({}, { finalBefore: null, includeOpen: false }), 2);
    const after = (await store.figures()).counts;
    assert.deepEqual(after.filter(({ name }) => name !== "purged"), before);
    assert.deepEqual(await countsOf(store, "purged"), { "": 2 });
  });

  test("figures: open recipients by the status of their message, without staged mail", async ({ store }) => {
    const recipients = ["a@x.test", "b@x.test", "c@x.test"];
    await enqueued(store, { recipients });
    await enqueued(store);
    await enqueued(store, { recipients, isHeld: true });
    const stage = await store.stage();
    await stage.add([newMessage({ recipients })]);
    const worker = await store.registerWorker("send");
    const { claims: [claim] } = await store.claimDue({ worker, limit: 1, onlyUntried: true });
    assert.ok(claim !== undefined);
    const open = async () => {
      const entries = [...(await store.figures()).openRecipients].filter(([, n]) => n > 0);
      return Object.fromEntries(entries.sort());
    };
    assert.deepEqual(await open(), { held: 3, queued: 1, sending: 3 });
    await store.record([attemptOf(claim, ["sent", { retryAt: 9e12 }, { retryAt: 9e12 }])]);
    assert.deepEqual(await open(), { deferred: 2, held: 3, queued: 1 });
    await worker.close();
    await stage.abort();
  });
}
