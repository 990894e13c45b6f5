// `mailq copy` between the stores, both ways, on a queue that has a message in every state.
import assert from "node:assert/strict";
import { type Copied, copyQueue } from "../../../src/app/copy/copy.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { MESSAGE_STATUSES } from "../../../src/queue/state.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import type { StoreFixture } from "../../contract/store_contract.ts";
import { claimOne, worked } from "../../contract/store/claims.ts";
import { TestApp } from "../../support/app.ts";
import { postgresServer } from "../../support/postgres_server.ts";
import {
  attemptOf,
  awkwardBytes,
  collect,
  type Ending,
  enqueued,
  listed,
  newMessage,
  START,
} from "../../support/queue_messages.ts";
import { PostgresFixture } from "../../support/queue_postgres.ts";
import { rowsOf, SqliteFixture } from "../../support/queue_sqlite.ts";

const FOUR = ["a@a.test", "b@a.test", "c@a.test", "d@a.test"];

const server = await postgresServer();
const openSqlite = () => SqliteFixture.open();
const openPostgres = server === null ? null : () => PostgresFixture.open(server);

type Open = () => Promise<StoreFixture>;
const PAIRS: [string, Open, Open][] = [["SQLite to SQLite", openSqlite, openSqlite]];
if (openPostgres !== null) {
  PAIRS.push(["SQLite to PostgreSQL", openSqlite, openPostgres]);
  PAIRS.push(["PostgreSQL to SQLite", openPostgres, openSqlite]);
}

interface Two {
  readonly from: StoreFixture;
  readonly to: StoreFixture;
  readonly app: TestApp;
  copy(): Promise<Copied>;
}

function test(behaviour: string, run: (two: Two) => Promise<void>): void {
  for (const [pair, openFrom, openTo] of PAIRS) {
    Deno.test(`copy, ${pair}: ${behaviour}`, async () => {
      await using from = await openFrom();
      await using to = await openTo();
      await using app = await TestApp.make();
      const settings = await app.settings();
      // Queues of the tests are made of one file.
      if (to instanceof SqliteFixture) {
        rowsOf(to.queue, "UPDATE meta SET value = 'another' WHERE key = 'queue_id' RETURNING 1");
      }
      const copy = () => copyQueue(app, settings, { from: from.queue, to: to.queue });
      await run({ from, to, app, copy });
    });
  }
}

async function endedAs(store: Store, ending: Parameters<typeof attemptOf>[1], parts = {}) {
  const id = await enqueued(store, parts);
  await using worker = await worked(store);
  const request = { worker: worker.handle, limit: 1, ids: [id], onlyUntried: false };
  const { claims: [claim] } = await store.claimDue(request);
  assert(claim !== undefined);
  await store.record([
    attemptOf(claim, ending, { transcript: "> QUIT\n< 221 Ä", traceback: "at x", error: "gone" }),
  ]);
  return id;
}

/** Puts in a message of each status, and whatever else a queue holds. */
async function fill(fixture: StoreFixture): Promise<void> {
  const { store } = fixture;
  await store.wantReports(true);
  await store.suppress(["listed@a.test"], "bounced");
  await enqueued(store, { recipients: ["listed@a.test"] });
  const endings: readonly Ending[] = ["sent", "failed", "exhausted", "uncertain"];
  for (const ending of endings) await endedAs(store, ending);
  const returned = { id: await endedAs(store, "sent"), address: "ann@example.com", isHard: true };
  await store.noteBounce(
    { ...returned, code: 550, enhanced: "5.1.1", reply: "unknown", reporter: "mx.test" },
    null,
  );
  const mixed = { 0: "sent", 1: { retryAt: START + 50 }, 2: "failed" } as const;
  await endedAs(store, mixed, { recipients: FOUR });
  await endedAs(store, { 0: "sent", 1: "failed" }, { recipients: FOUR.slice(0, 2) });
  const keepsNot = await fixture.another({ keepsBodies: () => false });
  await endedAs(keepsNot, "sent", { content: awkwardBytes(100) });
  await enqueued(store, {
    content: awkwardBytes(700_000),
    tags: ["may", "invoice"],
    key: "k 1",
    priority: "high",
    expiresAt: START + 90_000,
    dsn: { ret: "headers", envid: "e1", recipients: [{ notify: ["failure"], orcpt: null }] },
    display: { subject: "Grüße \u{1f600}", from: null, to: null, messageId: null },
    changes: ["line ends"],
    submitter: "ann",
  });
  await enqueued(store, { content: new Uint8Array(0), sender: "" });
  await enqueued(store, { sendAt: START + 60_000 });
  await enqueued(store, { isHeld: true });
  const cancelled = await enqueued(store);
  await store.cancel({ ids: [cancelled] });
  await store.resendChanged(cancelled, { recipients: ["new@a.test"] });
  // What a worker had that died: it goes back to the queue, and may have gone out.
  const dead = await store.registerWorker("test");
  const claim = await claimOne(store, dead);
  await dead.mayBegin?.(claim.token);
  fixture.abandon(dead);
  await store.pausePart({
    scope: "tag",
    value: "may",
    reason: "quota",
    since: START,
    until: START + 5,
    isAutomatic: false,
    times: 0,
    refused: [],
  });
  await store.noteFamily("default", 6);
  await store.beginHooks(["audit"]);
  await store.takeShares([{ scope: "relay:default", rate: { count: 5, perMs: 60_000 } }]);
}

/** All that ports tell of a queue, but for the numbers that only it uses. */
async function tellAll(store: Store): Promise<Record<string, unknown>> {
  const messages: unknown[] = [];
  for await (const { id } of store.list({}, { sort: "oldest", after: null, limit: 0 })) {
    const found = await store.show(id);
    assert(found !== null);
    const { seq, ...message } = found;
    const content = await collect(store.content(seq)).then(
      (bytes) => crypto.subtle.digest("SHA-256", new Uint8Array(bytes)),
      (error) => error.code,
    );
    messages.push([message, content]);
  }
  const { openRecipients, ...figures } = await store.figures();
  const { paused, workers: _, lastRoundAt: _at, ...status } = await store.status();
  return {
    messages,
    status,
    isPaused: paused?.until === null,
    figures,
    open: [...openRecipients].filter(([, n]) => n > 0).sort(),
    suppressions: await Array.fromAsync(store.suppressions()),
    rates: await store.rateUses(),
    family: await store.relayFamily("default"),
    events: (await store.eventsAfter(0)).events,
    hooks: await store.hookStates(["audit"]),
    stats: await store.stats(),
    reports: (await store.dueReports(9)).map(({ id, kind }) => [id, kind]).sort(),
  };
}

test("a queue that has everything is the same afterwards", async ({ from, to, copy }) => {
  await fill(from);
  const copied = await copy();
  const [before, after] = [await tellAll(from.store), await tellAll(to.store)];
  assert.deepEqual(after, before);
  assert.ok((before.reports as unknown[]).length > 1);
  const { messages } = before as { messages: [{ status: string }][] };
  const statuses = new Set(messages.map(([{ status }]) => status));
  assert.deepEqual(
    [...statuses].sort(),
    MESSAGE_STATUSES.filter((one) => one !== "sending").sort(),
  );
  assert.equal(copied.messages, messages.length);
  assert.deepEqual([copied.earlier, copied.keyless, copied.hasEvents], [0, 0, true]);
});

test("one that is cut off goes on where it was, and brings nothing twice", async (two) => {
  const { from, to, app, copy } = two;
  await from.store.enqueue(Array.from({ length: 1_100 }, () => newMessage()));
  const openQueue = app.openQueue.bind(app);
  app.openQueue = async (settings, options) => {
    const store = await openQueue(settings, options);
    const rows = await store.copying();
    let puts = 0;
    store.copying = () =>
      Promise.resolve({
        ...rows,
        putMessages: (...args) => {
          if (++puts === 2) app.stop();
          return rows.putMessages(...args);
        },
      });
    return store;
  };
  await assert.rejects(copy(), (error) => error instanceof MailqError && error.code === "busy");
  assert.equal(await to.store.count({}), 1_000);
  await using other = await TestApp.make();
  const names = { from: from.queue, to: to.queue };
  const copied = await copyQueue(other, await other.settings(), names);
  assert.deepEqual([copied.messages, copied.earlier], [100, 1_000]);
  const inOrder = { sort: "oldest" } as const;
  assert.deepEqual(await listed(to.store, {}, inOrder), await listed(from.store, {}, inOrder));
});

test("made again it brings what is new, and not what was sent and purged since", async ({ from, to, copy }) => {
  for (let i = 0; i < 3; i++) await enqueued(from.store);
  await copy();
  await to.store.resume();
  await using worker = await worked(to.store);
  const request = { worker: worker.handle, limit: 9, onlyUntried: false };
  const { claims } = await to.store.claimDue(request);
  assert.equal(claims.length, 3);
  await to.store.record(claims.map((claim) => attemptOf(claim, "sent")));
  await to.store.purge({}, { finalBefore: null, includeOpen: false });
  const late = await enqueued(from.store);
  const copied = await copy();
  assert.deepEqual([copied.messages, copied.earlier, copied.hasEvents], [1, 3, false]);
  assert.deepEqual(await listed(to.store), [late]);
  assert.equal((await to.store.claimDue(request)).claims.length, 0, "both are paused again");
  assert.equal(
    (await from.store.claimDue({ ...request, worker: await from.store.registerWorker("t") }))
      .claims.length,
    0,
  );
});

test("into a queue in use: a message whose key is taken there is held, and has none", async ({ from, to, copy }) => {
  await to.store.suppress(["there@a.test"], null);
  await enqueued(to.store, { key: "k" });
  const open = await enqueued(from.store, { key: "k" });
  const free = await enqueued(from.store, { key: "j" });
  const copied = await copy();
  assert.deepEqual([copied.messages, copied.keyless, copied.hasEvents], [2, 1, false]);
  const shown = await to.store.show(open);
  assert.deepEqual([shown?.status, shown?.key, shown?.isHeld], ["held", null, true]);
  assert.equal((await to.store.show(free))?.key, "j");
});

test("what a worker sends is waited for, and so is a stage that is open", async (two) => {
  const { from, to, app, copy } = two;
  const id = await enqueued(from.store);
  await using worker = await worked(from.store);
  const claim = await claimOne(from.store, worker.handle);
  const stage = await from.store.stage();
  await stage.add([newMessage({ key: "staged" })]);
  const copying = copy();
  await app.idle();
  assert.equal(await to.store.count({}), 0);
  await from.store.record([attemptOf(claim, "sent")]);
  app.advance(500);
  await app.idle();
  await stage.commit();
  app.advance(500);
  assert.equal((await copying).messages, 2);
  assert.equal((await to.store.show(id))?.status, "sent");
  assert.equal((await to.store.status()).queued, 1);
});

test("a message that is there already, from elsewhere, is refused, and nothing is kept", async ({ from, to, copy }) => {
  const id = await enqueued(from.store);
  await enqueued(to.store, { id });
  await enqueued(from.store);
  await assert.rejects(copy(), (error) => {
    assert(error instanceof MailqError && error.code === "usage");
    assert.match(error.message, new RegExp(`^Cannot copy message ${id}: it is there already`));
    return true;
  });
  assert.equal(await to.store.count({}), 1);
});

test("events that were deleted stay told as deleted", async ({ from, to, copy }) => {
  await enqueued(from.store);
  await from.store.eventsAfter(0);
  const stage = await from.store.stage();
  const known = newMessage({ key: "k" });
  await stage.add([known, newMessage()]);
  await enqueued(from.store, { key: "k", createdAt: START + 10 });
  await stage.commit();
  await from.store.purgeEvents(START + 5, 1);
  await copy();
  const read = async (store: Store, after: number) => {
    const { events, deletedTo } = await store.eventsAfter(after);
    return [events, deletedTo];
  };
  for (let after = 0; after < 4; after++) {
    assert.deepEqual(await read(to.store, after), await read(from.store, after), `${after}`);
  }
});

Deno.test("copy: a queue into itself is refused", async () => {
  await using from = await SqliteFixture.open();
  await using app = await TestApp.make();
  const names = { from: from.queue, to: from.queue };
  await assert.rejects(
    copyQueue(app, await app.settings(), names),
    (error) => error instanceof MailqError && error.code === "usage",
  );
  assert.equal((await from.store.status()).paused, null);
});
