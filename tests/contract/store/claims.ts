import assert from "node:assert/strict";
import type { Claim } from "../../../src/queue/claim.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import type { WorkerHandle } from "../../../src/queue/ports/claims.ts";
import { attemptOf, enqueued, newMessage, START } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";

export function claimTests(test: TestStore): void {
  test("a claim tells all that delivery must know", async ({ store, clock }) => {
    const message = newMessage({ recipients: ["b@example.com", "a@example.com"], priority: "low" });
    await store.enqueue([message]);
    clock.advance(500);
    await using worker = await worked(store);
    const { claims, expired, suppressed } = await claimAll(store, worker.handle);
    assert.deepEqual([expired, suppressed], [0, 0]);
    const [claim] = claims;
    assert(claim !== undefined);
    const { seq, token, release: _, ...rest } = claim;
    assert(seq > 0 && token > 0);
    assert.deepEqual(rest, {
      id: message.id,
      sender: "app@sender.example",
      lifeFrom: START,
      recipients: [
        { n: 0, address: "b@example.com", tries: 0, failures: 0 },
        { n: 1, address: "a@example.com", tries: 0, failures: 0 },
      ],
      sizeBytes: message.sizeBytes,
      dotLines: 0,
      isEightBit: false,
      content: message.content,
    });
    const shown = await store.show(message.id);
    assert.equal(shown?.status, "sending");
    assert.deepEqual(shown?.recipients.map(({ state }) => state), ["sending", "sending"]);
  });

  test("a claim has no more bytes than fit into memory, and leaves nothing out", async ({ store }) => {
    const sizes = [...Array(40).fill(10), ...Array(50).fill(200_000), 300_000, ...Array(9).fill(1)];
    const messages = sizes.map((size: number, n) =>
      newMessage({ content: new Uint8Array(size).fill(n) })
    );
    await store.enqueue(messages);
    await using worker = await worked(store);
    const claimed: Claim[] = [];
    for (;;) {
      const { claims } = await claimAll(store, worker.handle);
      const bytes = claims.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
      assert(bytes <= 4 * 1024 * 1024, `${bytes} bytes in a claim`);
      if (claims.length === 0) break;
      claimed.push(...claims);
    }
    assert.deepEqual(claimed.map(({ id }) => id), messages.map(({ id }) => id));
    for (const [n, { content, sizeBytes }] of claimed.entries()) {
      assert.equal(sizeBytes, sizes[n]);
      assert.deepEqual(content, sizeBytes > 256 * 1024 ? null : messages[n]?.content);
    }
  });

  test("no more bodies come with claims than there is room for", async ({ store }) => {
    await store.enqueue([4, 5, 6, 1].map((size) => newMessage({ content: new Uint8Array(size) })));
    await using worker = await worked(store);
    const request = { worker: worker.handle, limit: 10, onlyUntried: true };
    const { claims } = await store.claimDue({ ...request, bodyBytes: 9 });
    assert.deepEqual(claims.map(({ content }) => content?.length), [4, 5, undefined, undefined]);
    assert.deepEqual(claims.map(({ sizeBytes }) => sizeBytes), [4, 5, 6, 1]);
  });

  test("memory that is given back shows nobody another's bytes", async ({ store }) => {
    const messages = Array.from(
      { length: 12 },
      (_, n) => newMessage({ content: new Uint8Array(100 + n).fill(65 + n) }),
    );
    await store.enqueue(messages);
    await using worker = await worked(store);
    const kept: Claim[] = [];
    for (let n = 0; n < messages.length; n += 3) {
      const { claims } = await store.claimDue({
        worker: worker.handle,
        limit: 3,
        onlyUntried: true,
      });
      const contents = messages.slice(n, n + 3).map(({ content }) => content);
      assert.deepEqual(claims.map(({ content }) => content), contents);
      for (const claim of claims) claim.release?.();
      kept.push(...claims);
    }
    for (const [n, { content }] of kept.entries()) {
      if (content?.length !== 0) assert.deepEqual(content, messages[n]?.content);
    }
  });

  test("a claim tells what the sender asked of notices, of each recipient it has", async ({ store, clock }) => {
    const asked = { notify: ["success", "delay"], orcpt: "rfc822;old@example.com" } as const;
    const never = { notify: ["never"], orcpt: null } as const;
    const message = newMessage({
      recipients: ["a@example.com", "b@example.com", "c@example.com"],
      dsn: { ret: "headers", envid: "id 1", recipients: [asked, null, never] },
    });
    const plain = newMessage();
    const bare = newMessage({ dsn: { ret: null, envid: null, recipients: [null] } });
    await store.enqueue([message, plain, bare]);
    await using worker = await worked(store);
    const { claims } = await claimAll(store, worker.handle);
    const dsnOf = (claim: Claim | undefined) => [
      claim?.dsn,
      claim?.recipients.map(({ address, dsn }) => [address, dsn]),
    ];
    assert.deepEqual(claims.map(dsnOf), [
      [{ ret: "headers", envid: "id 1" }, [
        ["a@example.com", asked],
        ["b@example.com", undefined],
        ["c@example.com", never],
      ]],
      [undefined, [["ann@example.com", undefined]]],
      [{ ret: null, envid: null }, [["ann@example.com", undefined]]],
    ]);
    // A retry has the recipients still open, each with what was asked of it.
    const [first] = claims;
    assert(first !== undefined);
    await store.record(
      [attemptOf(first, { 0: "sent", 1: "failed", 2: { retryAt: START + 1 } })],
    );
    clock.advance(1_000);
    await store.requeueDue();
    const again = await claimOne(store, worker.handle);
    assert.deepEqual(dsnOf(again), [{ ret: "headers", envid: "id 1" }, [["c@example.com", never]]]);
    const shown = await store.show(message.id);
    assert.deepEqual(shown?.dsn, { ret: "headers", envid: "id 1" });
    assert.deepEqual(shown?.recipients.map(({ dsn }) => dsn), [asked, null, never]);
    assert.equal((await store.show(plain.id))?.dsn, null);
  });

  test("claims come by priority, then queued longest, then arrival", async ({ store }) => {
    const at = async (priority: "now" | "high" | "normal" | "low", createdAt: number) =>
      await enqueued(store, { priority, createdAt });
    const low = await at("low", START - 9);
    const newer = await at("normal", START + 1);
    const older = await at("normal", START);
    const twin = await at("normal", START);
    const now = await at("now", START + 50);
    const high = await at("high", START + 60);
    await using worker = await worked(store);
    const { claims } = await claimAll(store, worker.handle);
    assert.deepEqual(idsOf(claims), [now, high, older, twin, newer, low]);
  });

  test("the order holds across large batches and single messages", async ({ store }) => {
    // More than a batch may have to lose its lane on commit.
    const COUNT = 2_100;
    const high: string[] = [];
    for (const createdAt of [START + 2, START + 1]) {
      const stage = await store.stage();
      const messages = Array.from(
        { length: COUNT },
        (_, i) => newMessage({ createdAt, priority: i === 50 ? "high" : "normal" }),
      );
      await stage.add(messages);
      await stage.commit();
      high.unshift(messages[50]?.id ?? "");
    }
    const single = await enqueued(store, { createdAt: START });
    const urgent = await enqueued(store, { createdAt: START + 1, priority: "high" });
    await using worker = await worked(store);
    const first = await claimAll(store, worker.handle, 5);
    assert.deepEqual(idsOf(first.claims).slice(0, 4), [high[0], urgent, high[1], single]);
    assert.equal((await store.status()).queued, 2 * COUNT + 2 - 5);
  });

  test("no message is claimed twice, by whomever", async (fixture) => {
    const { store } = fixture;
    const other = await fixture.another();
    const ids = [await enqueued(store), await enqueued(store), await enqueued(store)];
    await using one = await worked(store);
    await using two = await worked(other);
    const first = await claimAll(store, one.handle, 2);
    const second = await claimAll(other, two.handle, 2);
    assert.deepEqual(idsOf(first.claims), ids.slice(0, 2));
    assert.deepEqual(idsOf(second.claims), ids.slice(2));
    assert.deepEqual((await claimAll(store, one.handle)).claims, []);
    const tokens = [...first.claims, ...second.claims].map(({ token }) => token);
    assert.equal(new Set(tokens).size, 3);
  });

  test("a limit of 0 claims nothing", async ({ store }) => {
    await enqueued(store);
    await using worker = await worked(store);
    assert.deepEqual((await claimAll(store, worker.handle, 0)).claims, []);
  });

  test("ids limit a claim to those messages, in queue order", async ({ store }) => {
    const [a, b, c] = [await enqueued(store), await enqueued(store), await enqueued(store)];
    await using worker = await worked(store);
    const ids = [c, a, c, "zzzzzzzzzzzz"];
    const { claims } = await store.claimDue({
      worker: worker.handle,
      limit: 9,
      ids,
      onlyUntried: true,
    });
    assert.deepEqual(idsOf(claims), [a, c]);
    assert.equal((await store.show(b))?.status, "queued");
  });

  test("onlyUntried leaves out what this worker has tried, and only that", async (fixture) => {
    const { store, clock } = fixture;
    const id = await enqueued(store);
    await using one = await worked(store);
    await using two = await worked(store);
    const { claims: [claim] } = await claimAll(store, one.handle);
    assert(claim !== undefined);
    await store.record([attemptOf(claim, { retryAt: START + 1 })]);
    clock.advance(10);
    await store.retry({}, { dueOnly: true });
    assert.deepEqual((await claimAll(store, one.handle)).claims, []);
    const byId = { worker: one.handle, limit: 1, ids: [id], onlyUntried: true };
    assert.deepEqual((await store.claimDue(byId)).claims, []);
    const again = await store.claimDue({ worker: one.handle, limit: 1, onlyUntried: false });
    assert.deepEqual(idsOf(again.claims), [id]);
    await store.giveBack(again.claims);
    assert.deepEqual(idsOf((await claimAll(store, two.handle)).claims), [id]);
  });

  test("scheduled mail waits for its time, then stands in the queue as of then", async ({ store, clock }) => {
    const later = await enqueued(store, { sendAt: START + 1_000, createdAt: START });
    const past = await enqueued(store, { sendAt: START - 1_000, createdAt: START });
    await using worker = await worked(store);
    assert.equal((await store.show(later))?.nextAttemptAt, START + 1_000);
    assert.deepEqual(idsOf((await claimAll(store, worker.handle)).claims), [past]);
    clock.advance(999);
    const between = await enqueued(store, { createdAt: START + 999 });
    const behind = await enqueued(store, { createdAt: START + 1_001 });
    clock.advance(1);
    const { claims } = await claimAll(store, worker.handle);
    assert.deepEqual(idsOf(claims), [between, later, behind]);
    assert.equal(claims[1]?.lifeFrom, START + 1_000);
  });

  test("mail past its expiry fails instead of being claimed, and what is behind it goes", async ({ store, clock }) => {
    const recipients = ["a@example.com", "b@example.com"];
    const expiring: string[] = [];
    for (let i = 0; i < 5; i++) {
      expiring.push(await enqueued(store, { recipients, expiresAt: START + 100 }));
    }
    const lasting = await enqueued(store, { expiresAt: START + 101 });
    clock.advance(100);
    await using worker = await worked(store);
    const { claims, expired } = await claimAll(store, worker.handle, 2);
    assert.deepEqual([idsOf(claims), expired], [[lasting], 5]);
    const shown = await store.show(expiring[0] ?? "");
    assert.deepEqual([shown?.status, shown?.finalReason], ["failed", "deadline"]);
    assert.deepEqual(shown?.recipients.map(({ state, reason }) => [state, reason]), [
      ["failed", "deadline"],
      ["failed", "deadline"],
    ]);
    assert.deepEqual(shown?.attempts, [], "it was never tried");
  });

  test("expireDue fails what waits past its expiry, but nothing held or being sent", async ({ store, clock }) => {
    const expiresAt = START + 100;
    const sending = await enqueued(store, { expiresAt });
    await using worker = await worked(store);
    await claimAll(store, worker.handle);
    const held = await enqueued(store, { expiresAt, isHeld: true });
    const queued = await enqueued(store, { expiresAt });
    const scheduled = await enqueued(store, { expiresAt, sendAt: START + 200 });
    const lasting = await enqueued(store, { expiresAt: expiresAt + 1 });
    const deferred = await enqueued(store, { expiresAt, priority: "now" });
    const { claims } = await claimAll(store, worker.handle, 1);
    assert(claims[0] !== undefined);
    await store.record([attemptOf(claims[0], { retryAt: START + 900 })]);
    assert.equal(await store.expireDue(), 0);
    clock.advance(100);
    assert.equal(await store.expireDue(), 3);
    assert.equal(await store.expireDue(), 0);
    const status = async (id: string) => (await store.show(id))?.status;
    for (const id of [queued, scheduled, deferred]) assert.equal(await status(id), "failed");
    assert.equal(await status(held), "held");
    assert.equal(await status(sending), "sending");
    assert.equal(await status(lasting), "queued");
    await store.release({ ids: [held] });
    assert.equal((await claimAll(store, worker.handle)).expired, 1, "released mail expires");
  });

  test("expireDue works off more than one commit can hold", async ({ store, clock }) => {
    const messages = Array.from({ length: 1_201 }, () => newMessage({ expiresAt: START + 1 }));
    await store.enqueue(messages);
    clock.advance(1);
    assert.equal(await store.expireDue(), 1_201);
    assert.equal((await store.status()).failed, 1_201);
  });

  test("nothing of a paused queue is claimed until it is resumed", async (fixture) => {
    const { store, clock } = fixture;
    const id = await enqueued(store);
    await using worker = await worked(store);
    assert.equal(await store.pause(), true);
    assert.equal(await store.pause(), false);
    const paused = { since: clock.now(), until: null, reason: null };
    assert.deepEqual((await store.status()).paused, paused);
    assert.deepEqual((await claimAll(store, worker.handle)).claims, []);
    assert.equal(await store.resume(), true);
    assert.equal(await store.resume(), false);
    assert.equal((await store.status()).paused, null);
    assert.deepEqual(idsOf((await claimAll(store, worker.handle)).claims), [id]);
  });

  test("the pause of a queue that has an end is over by itself", async ({ store, clock }) => {
    const id = await enqueued(store);
    await using worker = await worked(store);
    const since = clock.now();
    await store.pause();
    const end = { until: since + 60_000, reason: "the relay moves" };
    assert.equal(await store.pause(end), false);
    assert.deepEqual((await store.status()).paused, { since, ...end });
    clock.advance(59_999);
    assert.deepEqual((await claimAll(store, worker.handle)).claims, []);
    clock.advance(1);
    assert.equal((await store.status()).paused, null);
    assert.deepEqual(idsOf((await claimAll(store, worker.handle)).claims), [id]);
    assert.equal(await store.resume(), false);
    assert.equal(await store.pause(), true);
    assert.equal((await store.status()).paused?.until, null);
  });

  test("held mail is not claimed", async ({ store }) => {
    const id = await enqueued(store, { isHeld: true });
    await using worker = await worked(store);
    assert.deepEqual((await claimAll(store, worker.handle)).claims, []);
    await store.release({ ids: [id] });
    assert.deepEqual(idsOf((await claimAll(store, worker.handle)).claims), [id]);
  });

  test("who was listed since enqueue is suppressed at the claim", async ({ store }) => {
    const all = await enqueued(store, { recipients: ["Out@Example.com"] });
    const some = await enqueued(store, { recipients: ["out@example.com", "in@example.com"] });
    await store.suppress(["OUT@example.com"], null);
    await using worker = await worked(store);
    const { claims, suppressed } = await claimAll(store, worker.handle);
    assert.equal(suppressed, 1);
    assert.deepEqual(claims.map(({ recipients }) => recipients.map(({ n }) => n)), [[1]]);
    assert.equal((await store.show(all))?.status, "suppressed");
    const states = (await store.show(some))?.recipients.map(({ state }) => state);
    assert.deepEqual(states, ["suppressed", "sending"]);
  });

  test("a claim after a partial end has the open recipients alone", async ({ store }) => {
    const recipients = ["a@example.com", "b@example.com", "c@example.com"];
    await enqueued(store, { recipients });
    await using worker = await worked(store);
    const { claims: [first] } = await claimAll(store, worker.handle);
    assert(first !== undefined);
    const endings = { 0: "sent", 1: { retryAt: START + 1 }, 2: "failed" } as const;
    await store.record([attemptOf(first, endings)]);
    await store.retry({}, { dueOnly: false });
    const again = await store.claimDue({ worker: worker.handle, limit: 1, onlyUntried: false });
    assert.deepEqual(again.claims[0]?.recipients, [
      { n: 1, address: "b@example.com", tries: 1, failures: 1 },
    ]);
  });
}

/** A registered worker that is closed with the test. */
export async function worked(
  store: Store,
): Promise<AsyncDisposable & { readonly handle: WorkerHandle }> {
  const handle = await store.registerWorker("test");
  return { handle, [Symbol.asyncDispose]: () => handle.close() };
}

export function claimAll(store: Store, worker: WorkerHandle, limit = 100) {
  return store.claimDue({ worker, limit, onlyUntried: true });
}

/** Claims the one message that is due. */
export async function claimOne(store: Store, worker: WorkerHandle): Promise<Claim> {
  const { claims } = await store.claimDue({ worker, limit: 1, onlyUntried: false });
  assert(claims[0] !== undefined, "nothing is due");
  return claims[0];
}

export function idsOf(claims: readonly Claim[]): string[] {
  return claims.map(({ id }) => id);
}
