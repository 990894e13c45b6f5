import assert from "node:assert/strict";
import type { WholeMessage } from "../../../src/queue/message.ts";
import type { DueReport } from "../../../src/queue/ports/reports.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import {
  attemptOf,
  type Ending,
  enqueued,
  MINUTE_MS,
  newMessage,
  START,
} from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";
import { worked } from "./claims.ts";

export function reportTests(test: TestStore): void {
  test("a report is due once the last recipient has ended, and one has failed", async ({ store }) => {
    await store.wantReports(true);
    const id = await enqueued(store, { recipients: ["ann@example.com", "bo@example.com"] });
    await attempt(store, id, { 0: "failed", 1: { retryAt: START } });
    assert.deepEqual(await due(store), []);
    await store.requeueDue();
    await attempt(store, id, "sent");
    assert.deepEqual(await due(store), [[id, "end"]]);
  });

  test("no report is due of mail that was sent", async ({ store }) => {
    await store.wantReports(true);
    await attempt(store, await enqueued(store), "sent");
    assert.deepEqual(await due(store), []);
  });

  test("a report is due of mail that was sent and asked for notices", async ({ store }) => {
    await store.wantReports(true);
    const asked = { notify: ["success"], orcpt: null } as const;
    const id = await enqueued(store, { dsn: { ret: null, envid: "e1", recipients: [asked] } });
    await attempt(store, id, "sent");
    assert.deepEqual(await due(store), [[id, "end"]]);
    assert.deepEqual(await store.idsByEnvid("e1"), [id]);
    assert.deepEqual(await store.idsByEnvid("e"), []);
  });

  test("a report is due of mail that has expired", async ({ store, clock }) => {
    await store.wantReports(true);
    const id = await enqueued(store, { expiresAt: START + MINUTE_MS });
    clock.advance(2 * MINUTE_MS);
    await store.expireDue();
    assert.deepEqual(await due(store), [[id, "end"]]);
  });

  test("what ends while no reports are wanted is never reported", async ({ store }) => {
    await failed(store);
    await store.wantReports(true);
    assert.deepEqual(await due(store), []);
    await failed(store);
    await store.wantReports(false);
    await store.wantReports(true);
    assert.deepEqual(await due(store), []);
  });

  test("mail that is sent again and fails is reported anew", async ({ store }) => {
    await store.wantReports(true);
    const id = await failed(store);
    assert(await settle(store, { becomes: "done" }));
    assert.deepEqual(await due(store), []);
    await store.resend({ ids: [id] }, { unsentOnly: false });
    assert.deepEqual(await due(store), []);
    await attempt(store, id, "failed");
    assert.deepEqual(await due(store), [[id, "end"]]);
  });

  test("a report is settled and queued in one commit, by one process alone", async (fixture) => {
    const { store } = fixture;
    await store.wantReports(true);
    await failed(store);
    const other = await fixture.another();
    const ours = await store.dueReports(9);
    const theirs = await other.dueReports(9);
    const mail = reportMail();
    assert.equal(await store.settleReports(ours, { becomes: "done", mail }), true);
    assert.equal(
      await other.settleReports(theirs, { becomes: "done", mail: reportMail() }),
      false,
    );
    assert.equal((await store.show(mail.id))?.sender, "");
    assert.equal(await store.count({ tags: ["report"] }), 1);
    const enqueuedBy = (await store.figures()).counts.filter(({ name }) => name === "enqueued");
    assert.deepEqual(
      enqueuedBy.find(({ labels }) => labels[0] === "report")?.value,
      1,
    );
  });

  test("what waits for a digest is counted by sender", async ({ store }) => {
    await store.wantReports(true);
    const first = await failed(store, { sender: "a@example.com" });
    await failed(store, { sender: "b@example.com" });
    await failed(store, { sender: "a@example.com" });
    assert(await settle(store, { becomes: "waiting" }));
    assert.deepEqual(await due(store), []);
    assert.deepEqual(await store.waitingReports(), [
      { sender: "a@example.com", count: 2 },
      { sender: "b@example.com", count: 1 },
    ]);
    const waiting = await store.waitingOf(["a@example.com"], 10);
    assert.equal(waiting[0]?.id, first);
    assert(await store.settleReports(waiting, { becomes: "done", mail: reportMail() }));
    assert.deepEqual(await store.waitingReports(), [{ sender: "b@example.com", count: 1 }]);
  });

  test("deferred mail is said to be late once", async ({ store, clock }) => {
    await store.wantReports(true);
    const id = await enqueued(store);
    await attempt(store, id, { retryAt: START + 60 * MINUTE_MS });
    await store.noteDelays(clock.now() - MINUTE_MS);
    assert.deepEqual(await due(store), []);
    clock.advance(10 * MINUTE_MS);
    await store.noteDelays(clock.now() - MINUTE_MS);
    assert.deepEqual(await due(store), [[id, "delay"]]);
    assert(await settle(store, { becomes: "done" }));
    await store.noteDelays(clock.now() - MINUTE_MS);
    assert.deepEqual(await due(store), []);
  });

  test("a purged message is reported no more", async ({ store }) => {
    await store.wantReports(true);
    const id = await failed(store);
    await store.purge({ ids: [id] }, { finalBefore: null, includeOpen: false });
    assert.deepEqual(await due(store), []);
  });

  test("who has refused a report is remembered", async ({ store, clock }) => {
    await store.wantReports(true);
    await failed(store);
    assert(await settle(store, { becomes: "done", refusedBy: "Ann@example.com" }));
    assert.equal(await store.hasRefusedReport("ann@Example.com", clock.now() - 1), true);
    assert.equal(await store.hasRefusedReport("ann@example.com", clock.now()), false);
    assert.equal(await store.hasRefusedReport("bo@example.com", 0), false);
  });

  test("mail that came back is noted of its recipient", async ({ store, clock }) => {
    const id = await enqueued(store, { recipients: ["Ann@example.com", "bo@example.com"] });
    await attempt(store, id, "sent");
    const bounce = {
      id,
      address: "ann@example.com",
      code: 550,
      enhanced: "5.1.1",
      reply: "no such user",
      reporter: "mx.example.com",
      isHard: true,
    };
    const noted = { kind: "noted", isSuppressed: false };
    assert.deepEqual(await store.noteBounce(bounce, null), noted);
    assert.deepEqual(await store.noteBounce(bounce, null), { ...noted, kind: "known" });
    const [ann, bo] = (await store.show(id))?.recipients ?? [];
    const { code, enhanced, reply, reporter } = bounce;
    assert.deepEqual(ann?.bounce, { at: clock.now(), code, enhanced, reply, reporter });
    assert.equal(ann?.state, "sent");
    assert.equal(bo?.bounce, null);
    const { events } = await store.eventsAfter(0, { types: ["recipient.bounced"] });
    assert.deepEqual(events.map(({ fields }) => fields), [
      { id, address: "Ann@example.com", code, enhanced, reply, reporter },
    ]);
  });

  test("mail that was not sent to a recipient cannot come back", async ({ store }) => {
    const id = await failed(store);
    const bounce = { ...NO_BOUNCE, id, address: "ann@example.com" };
    assert.equal((await store.noteBounce(bounce, null)).kind, "missing");
    assert.equal((await store.noteBounce({ ...bounce, id: "none" }, null)).kind, "missing");
  });

  test("an address that mail is returned from for good is suppressed", async ({ store }) => {
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) {
      const id = await enqueued(store);
      await attempt(store, id, "sent");
      ids.push(id);
    }
    const ends: boolean[] = [];
    for (const [i, id] of ids.entries()) {
      const bounce = { ...NO_BOUNCE, id, address: "ann@example.com", isHard: i > 0 };
      ends.push((await store.noteBounce(bounce, 2)).isSuppressed);
    }
    assert.deepEqual(ends, [false, false, true, false]);
    assert.deepEqual(await store.suppressedAmong(["ann@example.com"]), ["ann@example.com"]);
  });
}

const NO_BOUNCE = { code: null, enhanced: "5.1.1", reply: null, reporter: null, isHard: true };

async function attempt(
  store: Store,
  id: string,
  endings: Ending | Readonly<Record<number, Ending>>,
): Promise<void> {
  await using worker = await worked(store);
  const { claims } = await store.claimDue({
    worker: worker.handle,
    limit: 1,
    ids: [id],
    onlyUntried: false,
  });
  const [claim] = claims;
  assert(claim !== undefined);
  await store.record([attemptOf(claim, endings)]);
}

async function failed(store: Store, parts: Partial<WholeMessage> = {}): Promise<string> {
  const id = await enqueued(store, parts);
  await attempt(store, id, "failed");
  return id;
}

async function due(store: Store): Promise<[string, string][]> {
  return (await store.dueReports(10)).map(({ id, kind }) => [id, kind]);
}

async function settle(
  store: Store,
  end: Parameters<Store["settleReports"]>[1],
): Promise<boolean> {
  const reports: DueReport[] = await store.dueReports(10);
  assert(reports.length > 0);
  return await store.settleReports(reports, end);
}

function reportMail(): WholeMessage {
  return newMessage({ sender: "", tags: ["report"] });
}
