import assert from "node:assert/strict";
import type { ActionResult } from "../../../src/queue/ports/operator.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import {
  attemptOf,
  type Ending,
  enqueued,
  newMessage,
  START,
} from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";
import { claimAll, claimOne, idsOf, worked } from "./claims.ts";

const FOUR = ["a@a.test", "b@a.test", "c@a.test", "d@a.test"];
const WITHOUT_LAST = { 0: "sent", 1: { retryAt: START + 50 }, 2: "failed" } as const;
const MIXED = { ...WITHOUT_LAST, 3: { retryAt: START + 99 } } as const;

export function actionTests(test: TestStore): void {
  test("retry moves all deferred recipients back, those due only if asked so", async ({ store, clock }) => {
    const id = await mixed(store);
    assert.deepEqual(await store.retry({}, { dueOnly: true }), { requeued: 0, exhausted: 0 });
    clock.advance(50);
    assert.deepEqual(await store.retry({}, { dueOnly: true }), { requeued: 1, exhausted: 0 });
    assert.deepEqual(await states(store, id), ["sent", "queued", "failed", "deferred"]);
    assert.equal((await store.show(id))?.nextAttemptAt, START + 99);
    assert.deepEqual(await store.retry({}, { dueOnly: false }), { requeued: 1, exhausted: 0 });
    assert.deepEqual(await states(store, id), ["sent", "queued", "failed", "queued"]);
    assert.deepEqual(await store.retry({}, { dueOnly: false }), { requeued: 0, exhausted: 0 });
    const shown = await store.show(id);
    assert.deepEqual([shown?.status, shown?.recipients[1]?.failures], ["queued", 1]);
  });

  test("retry puts mail at the back, as of now", async ({ store, clock }) => {
    const id = await mixed(store);
    const older = await enqueued(store, { createdAt: START + 10 });
    const newer = await enqueued(store, { createdAt: START + 90 });
    clock.advance(60);
    await store.retry({}, { dueOnly: true });
    await using worker = await worked(store);
    assert.deepEqual(idsOf((await claimAll(store, worker.handle)).claims), [older, id, newer]);
  });

  test("retry counts the matching messages that failed for want of retries", async ({ store }) => {
    const one = await ended(store, "exhausted");
    await ended(store, "exhausted", { recipients: ["other@b.test"] });
    await ended(store, "failed");
    await ended(store, { retryAt: START + 1 });
    assert.deepEqual(await store.retry({}, { dueOnly: false }), { requeued: 1, exhausted: 2 });
    assert.deepEqual(await store.retry({ to: "@b.test" }, { dueOnly: false }), {
      requeued: 0,
      exhausted: 1,
    });
    assert.deepEqual(await store.retry({ ids: [one] }, { dueOnly: false }), {
      requeued: 0,
      exhausted: 1,
    });
    const deferred = await store.retry({ statuses: ["deferred"] }, { dueOnly: false });
    assert.deepEqual(deferred, { requeued: 0, exhausted: 0 });
  });

  test("retry of more than one commit's worth", async ({ store }) => {
    await store.enqueue(Array.from({ length: 1_100 }, () => newMessage()));
    await using worker = await worked(store);
    const { claims } = await claimAll(store, worker.handle, 1_100);
    await store.record(claims.map((one) => attemptOf(one, { retryAt: START })));
    assert.equal((await store.retry({}, { dueOnly: true })).requeued, 1_100);
    assert.equal((await store.status()).queued, 1_100);
  });

  test("resend queues every recipient again, with counters and lifetime anew", async ({ store, clock }) => {
    await store.suppress([FOUR[3] ?? ""], null);
    const id = await mixed(store, { expiresAt: START + 500 }, WITHOUT_LAST);
    clock.advance(600);
    assert.deepEqual(await store.resend({ ids: [id] }, { unsentOnly: false }), result(1, 0));
    const shown = await store.show(id);
    assert.deepEqual(await states(store, id), ["queued", "queued", "queued", "queued"]);
    assert.deepEqual(
      shown?.recipients.map(({ tries, failures, sentAt }) => [tries, failures, sentAt]),
      FOUR.map(() => [0, 0, null]),
    );
    assert.deepEqual([shown?.status, shown?.tries, shown?.finalReason], ["queued", 0, null]);
    assert.equal(shown?.expiresAt, null, "an expiry that has passed would fail it again");
    assert.equal(shown?.attempts.length, 1, "history stays");
    await store.unsuppress([FOUR[3] ?? ""]);
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    assert.equal(claim.lifeFrom, START + 600);
    assert.equal(claim.recipients.length, 4);
    await store.record([attemptOf(claim, "sent")]);
    assert.deepEqual((await store.show(id))?.attempts.map(({ n }) => n), [1, 2]);
  });

  test("resend --unsent leaves sent recipients alone", async ({ store }) => {
    const id = await mixed(store);
    const sent = await ended(store, "sent");
    assert.deepEqual(await store.resend({}, { unsentOnly: true }), result(1, 1));
    assert.deepEqual(await states(store, id), ["sent", "queued", "queued", "queued"]);
    assert.equal((await store.show(sent))?.status, "sent");
  });

  test("resend of each final status queues it again", async ({ store }) => {
    await store.suppress(["no@a.test"], null);
    const ids = [
      await ended(store, "sent"),
      await ended(store, "failed"),
      await enqueued(store, { recipients: ["no@a.test"] }),
      await enqueued(store),
    ];
    await store.cancel({ ids: ids.slice(3) });
    assert.deepEqual(await store.resend({}, { unsentOnly: false }), result(4, 0));
    for (const id of ids) assert.equal((await store.show(id))?.status, "queued");
    await using worker = await worked(store);
    const { claims, suppressed } = await claimAll(store, worker.handle);
    assert.deepEqual([claims.length, suppressed], [3, 1], "the list is read again");
  });

  test("resend of mail that is not due yet leaves it scheduled", async ({ store, clock }) => {
    const id = await enqueued(store, { sendAt: START + 1_000 });
    await store.cancel({});
    await store.resend({}, { unsentOnly: false });
    assert.equal((await store.status()).scheduled, 1);
    clock.advance(1_000);
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    assert.deepEqual([claim.id, claim.lifeFrom], [id, START + 1_000]);
  });

  test("cancel and resend skip recipients that are being sent, and say so", async ({ store }) => {
    const id = await enqueued(store, { recipients: FOUR });
    await using worker = await worked(store);
    const first = await claimOne(store, worker.handle);
    await store.record([attemptOf(first, { 0: "sent", 1: { retryAt: START } })]);
    const second = await claimOne(store, worker.handle); // 2 and 3
    assert.deepEqual(await store.cancel({}), result(1, 0, 2));
    assert.deepEqual(await states(store, id), ["sent", "cancelled", "sending", "sending"]);
    assert.deepEqual(await store.cancel({}), result(0, 1, 2));
    assert.deepEqual(await store.resend({}, { unsentOnly: true }), result(1, 0, 2));
    assert.deepEqual(await states(store, id), ["sent", "queued", "sending", "sending"]);
    assert.equal((await store.show(id))?.status, "sending");
    assert.deepEqual((await store.record([attemptOf(second, "sent")])).lost, []);
    assert.deepEqual(await states(store, id), ["sent", "queued", "sent", "sent"]);
    assert.deepEqual((await claimAll(store, worker.handle)).claims, [], "in this very pass");
  });

  test("cancel ends queued and deferred recipients, and nothing else", async ({ store }) => {
    const id = await mixed(store);
    const held = await enqueued(store, { isHeld: true });
    const scheduled = await enqueued(store, { sendAt: START + 5 });
    const sent = await ended(store, "sent");
    assert.deepEqual(await store.cancel({}), result(3, 1));
    assert.deepEqual(await states(store, id), ["sent", "cancelled", "failed", "cancelled"]);
    const status = async (id: string) => (await store.show(id))?.status;
    assert.deepEqual(
      [await status(id), await status(held), await status(scheduled), await status(sent)],
      ["partial", "cancelled", "cancelled", "sent"],
    );
    await using worker = await worked(store);
    assert.deepEqual((await claimAll(store, worker.handle)).claims, []);
  });

  test("hold and release set the flag of open mail only", async ({ store, clock }) => {
    const id = await enqueued(store);
    const sent = await ended(store, "sent");
    assert.deepEqual(await store.hold({}), result(1, 1));
    assert.deepEqual(await store.hold({}), result(0, 2));
    assert.deepEqual([(await store.show(id))?.status, (await store.show(id))?.isHeld], [
      "held",
      true,
    ]);
    clock.advance(77);
    assert.deepEqual(await store.release({}), result(1, 1));
    assert.deepEqual(await store.release({}), result(0, 2));
    assert.equal((await store.show(sent))?.status, "sent");
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    assert.equal(claim.lifeFrom, START + 77, "the lifetime counts from the release");
  });

  test("hold of mail that is being sent lets the attempt end", async ({ store }) => {
    const id = await enqueued(store);
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    assert.deepEqual(await store.hold({}), result(1, 0, 1));
    const { lost } = await store.record([attemptOf(claim, { retryAt: START })]);
    assert.deepEqual(lost, []);
    assert.equal((await store.show(id))?.status, "held");
    assert.equal((await store.retry({}, { dueOnly: true })).requeued, 1);
    assert.equal((await store.show(id))?.status, "held");
    await store.release({});
    assert.equal((await store.show(id))?.status, "queued");
  });

  test("release of mail that is being sent leaves it sending", async ({ store }) => {
    const id = await enqueued(store);
    await using worker = await worked(store);
    const claim = await claimOne(store, worker.handle);
    await store.hold({});
    await store.release({});
    assert.equal((await store.show(id))?.status, "sending");
    await store.record([attemptOf(claim, "sent")]);
    assert.equal((await store.show(id))?.status, "sent");
  });

  test("held mail that is not due yet is scheduled once released", async ({ store }) => {
    await enqueued(store, { isHeld: true, sendAt: START + 1_000 });
    assert.equal((await store.status()).held, 1);
    await store.release({});
    assert.equal((await store.status()).scheduled, 1);
  });

  test("an action takes the messages of its filter alone", async ({ store }) => {
    const [a, b] = [await enqueued(store, { tags: ["x"] }), await enqueued(store)];
    assert.deepEqual(await store.hold({ tags: ["x"] }), result(1, 0));
    assert.deepEqual(await store.cancel({ statuses: ["queued"] }), result(1, 0));
    assert.deepEqual(await store.cancel({ ids: ["zzzzzzzzzzzz"] }), result(0, 0));
    assert.equal((await store.show(a))?.status, "held");
    assert.equal((await store.show(b))?.status, "cancelled");
  });
}

function result(changed: number, unchanged: number, sendingRecipients = 0): ActionResult {
  return { changed, unchanged, withoutBody: 0, sendingRecipients };
}

async function states(store: Store, id: string) {
  return (await store.show(id))?.recipients.map(({ state }) => state);
}

/** Enqueues a message and lets an attempt end so. */
export async function ended(
  store: Store,
  ending: Ending,
  parts: Parameters<typeof newMessage>[0] = {},
  attempt: Parameters<typeof attemptOf>[2] = {},
): Promise<string> {
  const id = await enqueued(store, parts);
  await using worker = await worked(store);
  const ids = [id];
  const request = { worker: worker.handle, limit: 1, ids, onlyUntried: true };
  const { claims: [claim] } = await store.claimDue(request);
  assert(claim !== undefined);
  await store.record([attemptOf(claim, ending, attempt)]);
  return id;
}

/** A message of four recipients: sent, deferred, failed and deferred for longer. */
async function mixed(
  store: Store,
  parts: Parameters<typeof newMessage>[0] = {},
  endings: Readonly<Record<number, Ending>> = MIXED,
): Promise<string> {
  const id = await enqueued(store, { recipients: FOUR, ...parts });
  await using worker = await worked(store);
  const claim = await claimOne(store, worker.handle);
  await store.record([attemptOf(claim, endings)]);
  return id;
}
