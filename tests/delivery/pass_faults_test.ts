import assert from "node:assert/strict";
import { MailqError } from "../../src/queue/errors.ts";
import type { AttemptRecord } from "../../src/queue/claim.ts";
import type { Store } from "../../src/queue/ports/store.ts";
import { type OnePassOptions, passOn, POLICY } from "./pass_on.ts";
import { alteredStore } from "./altered_store.ts";
import { QueueFile } from "./queue_file.ts";
import {
  aborted,
  accept,
  contentOf,
  DEFERRED,
  FAILED,
  RELAY_DOWN,
  reportOf,
  ScriptedRelay,
  SENT,
  STOPPED,
} from "./scripted_relay.ts";

const FULL = new MailqError("disk_full", "Cannot write the queue: the disk is full");

/** The queue's store with some of its methods replaced. */
function altered(queue: QueueFile, methods: Partial<Store>): Store {
  return alteredStore(queue.store, methods);
}

async function rejected(pass: Promise<unknown>): Promise<unknown> {
  return await pass.then(() => assert.fail("the pass should have rejected"), (error) => error);
}

/** What these tests' workers need not do. */
const UNMOVED = { noteIdle() {}, beat: () => Promise.resolve() };

Deno.test("pass: a relay that is down ends it after one message, and the rest is untried", async () => {
  await using queue = await QueueFile.make();
  const [first] = await queue.addMany(50);
  const relay: ScriptedRelay = new ScriptedRelay((delivery) => reportOf(delivery, RELAY_DOWN));
  const result = await passOn(queue, { relay, policy: { ...POLICY, max: 0 } });
  assert.equal(relay.delivered.length, 1);
  assert.equal(relay.opened, 1);
  assert.equal(relay.closed, 1);
  assert.deepEqual(result, {
    sent: 0,
    deferred: 1,
    failed: 0,
    uncertain: 0,
    remaining: 49,
    stoppedBy: "relay",
    downRelays: [{
      name: "default",
      error: "Connection refused",
      isRefusing: false,
      hint: null,
      since: queue.clock.time,
      until: null,
    }],
    resumeAt: null,
    pauses: [],
  });
  const message = await queue.show(first);
  assert.equal(message.status, "deferred");
  assert.equal(message.recipients[0]?.failures, 0, "no retry is used up");
  assert.deepEqual(await queue.statuses(), { deferred: 1, queued: 49 });
});

Deno.test("pass: a relay that goes down later ends it, and what is in hand is given back", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(200);
  let n = 0;
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery) => {
    const mine = n++;
    await Promise.resolve();
    return reportOf(delivery, mine < 100 ? SENT : RELAY_DOWN);
  });
  const result = await passOn(queue, { relay });
  assert.equal(result.sent, 100);
  assert.equal(result.stoppedBy, "relay");
  assert.ok(result.deferred >= 1 && result.deferred <= 10, `${result.deferred} deferred`);
  assert.equal(result.remaining, 200 - 100 - result.deferred);
  assert.equal((await queue.statuses()).queued, result.remaining);
  let untried = 0;
  const all = { sort: "oldest", after: null, limit: 0 } as const;
  for await (const message of queue.store.list({ statuses: ["queued"] }, all)) {
    if (message.tries === 0) untried++;
  }
  assert.equal(untried, result.remaining);
});

Deno.test("pass: a transport that throws is replaced, and the pass goes on", async () => {
  await using queue = await QueueFile.make();
  const [broken] = await queue.addMany(4);
  const relay: ScriptedRelay = new ScriptedRelay((delivery, options) => {
    if (delivery.id === broken) throw new RangeError("out of bounds");
    return accept(delivery, options);
  });
  const result = await passOn(queue, { relay, concurrency: 1 });
  assert.deepEqual([result.sent, result.deferred], [3, 1]);
  assert.equal(relay.opened, 2);
  assert.equal(relay.closed, 2);
  const [attempt] = (await queue.show(broken)).attempts;
  assert.match(attempt?.traceback ?? "", /RangeError: out of bounds/);
  assert.equal(attempt?.result, "deferred");
});

Deno.test("pass: a relay that cannot even be opened rejects, and all is given back", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(3);
  const wrong = new MailqError("config_invalid", "no such relay");
  const relay = {
    name: "default",
    open() {
      throw wrong;
    },
  };
  assert.equal(await rejected(passOn(queue, { relay })), wrong);
  assert.deepEqual(await queue.statuses(), { queued: 3 });
});

Deno.test("pass: a transport whose close rejects harms nobody", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(3);
  const relay = {
    name: "default",
    open: () => ({
      deliver: (...args: Parameters<typeof accept>) => Promise.resolve(accept(...args)),
      close: () => Promise.reject(new Error("no goodbye")),
    }),
  };
  assert.equal((await passOn(queue, { relay })).sent, 3);
});

Deno.test("pass: a damaged message is deferred and does not stop the run", async () => {
  await using queue = await QueueFile.make();
  const large = new Uint8Array(600_000).fill(65);
  const [, bad] = await queue.add({}, { content: large }, { content: large }, {});
  const { seq } = await queue.show(bad);
  const store = altered(queue, {
    async *content(of: number) {
      let n = 0;
      for await (const piece of queue.store.content(of)) if (of !== seq || n++ > 0) yield piece;
    },
  });
  const got: number[] = [];
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery, { onDataBegin }) => {
    onDataBegin();
    got.push((await contentOf(delivery)).length);
    return reportOf(delivery, SENT);
  });
  const result = await passOn(queue, { relay, store });
  assert.equal(result.sent, 3);
  assert.equal(result.deferred + result.uncertain, 1);
  assert.deepEqual(got.filter((size) => size > 1000), [600_000]);
  assert.match((await queue.show(bad)).attempts[0]?.error ?? "", /damaged/);
});

Deno.test("pass: a store that fails to record stops it, and what is in DATA is finished", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(40);
  const finish = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<void>();
  let finished = 0;
  const store = altered(queue, {
    record: () => {
      failed.resolve();
      return Promise.reject(FULL);
    },
  });
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery, { onDataBegin, signal }) => {
    const n = relay.delivered.length;
    if (n > 1 && n % 2 === 1) {
      await aborted(signal);
      return reportOf(delivery, STOPPED);
    }
    onDataBegin();
    if (n > 1) await finish.promise;
    finished++;
    return reportOf(delivery, SENT);
  });
  const pass = rejected(passOn(queue, { relay, store }));
  await failed.promise;
  finish.resolve();
  assert.equal(await pass, FULL);
  assert.equal(relay.busy, 0, "nothing is left to itself");
  assert.ok(relay.delivered.length <= 11, `${relay.delivered.length} were started`);
  const statuses = await queue.statuses();
  assert.deepEqual(statuses, { queued: 40 });
  let uncertain = 0;
  for (const id of relay.ids) {
    const { attempts } = await queue.show(id);
    if (attempts.length > 0) assert.deepEqual(attempts.map((one) => one.result), ["uncertain"]);
    uncertain += attempts.length;
  }
  assert.equal(uncertain, finished, "what went out unrecorded is uncertain, and nothing else");
});

Deno.test("pass: a failure to record is not waited for by messages that are stuck", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(5);
  const store = altered(queue, { record: () => Promise.reject(FULL) });
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery, options) => {
    if (relay.delivered.length === 1) return accept(delivery, options);
    await aborted(options.signal);
    return reportOf(delivery, STOPPED);
  });
  assert.equal(await rejected(passOn(queue, { relay, store })), FULL);
});

Deno.test("pass: a failure that passes loses no record", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(3);
  let isFirst = true;
  const store = altered(queue, {
    record: (attempts: readonly AttemptRecord[]) => {
      if (!isFirst) return queue.store.record(attempts);
      isFirst = false;
      return Promise.reject(FULL);
    },
  });
  const relay: ScriptedRelay = new ScriptedRelay();
  assert.equal(await rejected(passOn(queue, { relay, store, concurrency: 1 })), FULL);
  const statuses = await queue.statuses();
  assert.equal(statuses.sent, relay.delivered.length);
  assert.equal((statuses.queued ?? 0) + (statuses.sent ?? 0), 3);
});

Deno.test("pass: a store that fails to claim stops it once all in flight is recorded", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(20);
  let claims = 0;
  const gate = Promise.withResolvers<void>();
  const store = altered(queue, {
    claimDue: (request) => {
      if (++claims < 3) return queue.store.claimDue(request);
      gate.resolve();
      return Promise.reject(FULL);
    },
  });
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery, { onDataBegin }) => {
    queue.clock.time += 1000; // so slow that little is claimed ahead
    onDataBegin();
    if (relay.delivered.length > 2) await gate.promise;
    return reportOf(delivery, SENT);
  });
  assert.equal(await rejected(passOn(queue, { relay, store })), FULL);
  assert.deepEqual(await queue.statuses(), {
    queued: 20 - relay.delivered.length,
    sent: relay.delivered.length,
  });
  assert.equal(relay.closed, relay.opened);
});

Deno.test("pass: when nothing can be written any more the first failure is told", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(4);
  const later = () => Promise.reject(new Error("later"));
  const worker = await queue.store.registerWorker("send");
  const store = altered(queue, {
    record: () => Promise.reject(FULL),
    giveBack: later,
    registerWorker: () =>
      Promise.resolve({ ...UNMOVED, id: worker.id, noteDataBegun() {}, close: later }),
  });
  assert.equal(await rejected(passOn(queue, { store })), FULL);
  await worker.close();
});

Deno.test("pass: a start that cannot be noted stops it, with nothing sent nor counted", async () => {
  await using queue = await QueueFile.make();
  const [first] = await queue.addMany(4);
  const worker = await queue.store.registerWorker("send");
  const noteDataBegun = () => {
    throw FULL;
  };
  const store = altered(queue, {
    registerWorker: () =>
      Promise.resolve({ ...UNMOVED, id: worker.id, noteDataBegun, close: () => Promise.resolve() }),
  });
  assert.equal(await rejected(passOn(queue, { store })), FULL);
  assert.deepEqual(await queue.statuses(), { queued: 4 }, "given back before the worker ends");
  assert.equal((await queue.show(first)).tries, 0);
  await worker.close();
});

Deno.test("pass: a listener that throws stops it, and what it was told of is recorded", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(3);
  const gone = new Error("the output is closed");
  const options: OnePassOptions = {
    onAttempt() {
      throw gone;
    },
    concurrency: 1,
    maxBatch: 1,
  };
  assert.equal(await rejected(passOn(queue, options)), gone);
  assert.deepEqual(await queue.statuses(), { queued: 2, sent: 1 });
});

Deno.test("pass: a claim that was lost meanwhile is told, and only its 250 recorded", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({ recipients: ["a@x.test", "b@x.test"] });
  const other = await queue.open();
  const told: boolean[] = [];
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery, { onDataBegin }) => {
    onDataBegin();
    // As if this worker's lock had been free: another takes its messages over.
    for (const { id } of (await other.status()).workers) await loseWorker(queue, id);
    return reportOf(delivery, [SENT, FAILED]);
  });
  const result = await passOn(queue, {
    relay,
    onAttempt: (_, { isClaimLost }) => told.push(isClaimLost),
  });
  assert.deepEqual(told, [true]);
  assert.equal(result.stoppedBy, null);
  const message = await queue.show(id);
  assert.deepEqual(message.recipients.map((one) => one.state), ["sent", "queued"]);
  assert.deepEqual(message.attempts.map((one) => one.result), ["uncertain", "partial"]);
});

Deno.test("pass: a late 250 of a message that was cancelled meanwhile makes it sent", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.addMany(1);
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery, { onDataBegin }) => {
    onDataBegin();
    for (const { id } of (await queue.store.status()).workers) await loseWorker(queue, id);
    await queue.store.cancel({});
    return reportOf(delivery, SENT);
  });
  await passOn(queue, { relay });
  assert.equal((await queue.show(id)).status, "sent");
});

Deno.test("pass: what a late refusal says of a lost claim is not recorded", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.addMany(1);
  const relay: ScriptedRelay = new ScriptedRelay(async (delivery) => {
    for (const { id } of (await queue.store.status()).workers) await loseWorker(queue, id);
    return reportOf(delivery, relay.delivered.length === 1 ? FAILED : DEFERRED);
  });
  await passOn(queue, { relay });
  assert.equal((await queue.show(id)).recipients[0]?.state, "queued");
});

/** Takes from a worker what it holds, as takeOver does with a dead one. */
async function loseWorker(queue: QueueFile, id: number): Promise<void> {
  const { Connection } = await import("../../src/store/sqlite/db/connection.ts");
  const { loseClaims } = await import("../../src/store/sqlite/claims/lost_claims.ts");
  const db = await Connection.open({
    path: queue.path,
    create: false,
    busyTimeoutMs: 100,
    patienceMs: 1000,
  });
  try {
    await db.write(() =>
      loseClaims(db, id, { begun: null, holdsUncertain: false, now: queue.clock.time })
    );
  } finally {
    db.close();
  }
}
