import assert from "node:assert/strict";
import { MailqError } from "../../src/queue/errors.ts";
import type { SqliteStore } from "../../src/store/sqlite/store.ts";
import { inPiecesOf, listed, newMessage } from "../support/queue_messages.ts";
import { QueueProcess } from "../support/queue_process.ts";
import { openSqlite, SqliteFixture, verifySqlite } from "../support/queue_sqlite.ts";

const FACTS = { sizeBytes: 0, dotLines: 0, isEightBit: false };

/** Lets the queue's file grow by so many pages at most, as a full disk would. */
function fillDisk({ db }: SqliteStore, pagesLeft: number): void {
  const pages = Number(db.get("PRAGMA page_count")?.page_count);
  db.get(`PRAGMA max_page_count = ${pages + pagesLeft}`);
}

async function rejectsWith(
  action: () => Promise<unknown>,
  code: string,
  exit: number,
): Promise<void> {
  await assert.rejects(action, (error) => {
    assert(error instanceof MailqError, String(error));
    assert.deepEqual([error.code, error.exit], [code, exit], error.message);
    return true;
  });
}

for (const pagesLeft of [0, 1, 3, 30]) {
  Deno.test(`SQLite store: a disk that is full after ${pagesLeft} pages stores nothing half`, async () => {
    await using fixture = await SqliteFixture.open();
    const { store } = fixture;
    await store.enqueue([newMessage()]);
    fillDisk(store, pagesLeft);
    const many = Array.from(
      { length: 50 },
      () => newMessage({ content: new Uint8Array(20_000), sizeBytes: 20_000 }),
    );
    await rejectsWith(() => store.enqueue(many), "disk_full", 74);
    assert.equal((await listed(store)).length, 1);
    fixture.verify();

    fillDisk(store, 10_000);
    await store.enqueue(many);
    assert.equal((await store.status()).queued, 51, "it goes on once there is room");
  });
}

Deno.test("SQLite store: a disk that fills up under a stage leaves nothing visible", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const stage = await store.stage();
  await stage.add([newMessage()]);
  const { content: _, ...message } = newMessage();
  const bytes = new Uint8Array(30_000_000);
  fillDisk(store, 1_500);
  const adding = () => stage.addLarge(message, inPiecesOf(bytes, 100_000), () => FACTS);
  await rejectsWith(adding, "disk_full", 74);
  assert.deepEqual(await listed(store), []);
  await stage.abort();
  assert.equal(await store.show(message.id), null);
});

Deno.test("SQLite store: a disk that breaks while the queue is made leaves no half schema", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/queue.db`;
  for (const fileBytes of [0, 4_096, 8_192, 32_768, 65_536]) {
    await using child = QueueProcess.startLimited("use", path, fileBytes);
    assert.match(await child.says(), /^(io_error|disk_full) 74 Cannot /, `${fileBytes} bytes`);
    await child.end();
  }
  const store = await openSqlite(path);
  await store.enqueue([newMessage()]);
  await store.close();
  verifySqlite(path);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("SQLite store: a damaged page is reported as a damaged queue", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/queue.db`;
  await fill(path);
  using file = await Deno.open(path, { write: true });
  const { size } = await file.stat();
  for (let at = 8_192; at < size; at += 8_192) {
    await file.seek(at, Deno.SeekMode.Start);
    await file.write(crypto.getRandomValues(new Uint8Array(8_192)));
  }
  await rejectsWith(() => readAll(path), "queue_corrupt", 74);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("SQLite store: a file cut short is reported as a damaged queue", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/queue.db`;
  await fill(path);
  await Deno.truncate(path, 5 * 8_192);
  await rejectsWith(() => readAll(path), "queue_corrupt", 74);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("SQLite store: a body that is not whole is an error, never a shorter message", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const sizeBytes = 600_000;
  await store.enqueue([
    newMessage(),
    newMessage({ content: new Uint8Array(sizeBytes), sizeBytes }),
  ]);
  const [large, small] = await Array.fromAsync(
    store.list({}, { sort: "newest", after: null, limit: 2 }),
  );
  assert(large !== undefined && small !== undefined);
  store.db.run("DELETE FROM body WHERE part = ?", large.seq * 4096 + 2);
  store.db.run("UPDATE body SET bytes = x'00' WHERE part = ?", small.seq * 4096);
  const worker = await store.registerWorker("test");
  const { claims } = await store.claimDue({ worker, limit: 2, onlyUntried: true });
  assert.deepEqual(claims.map(({ content }) => content), [null, null]);
  for (const { seq } of claims) {
    await rejectsWith(() => Array.fromAsync(store.content(seq)), "queue_corrupt", 74);
  }
  await worker.close();
});

Deno.test("SQLite store: bodies that cannot be read leave the queue as it was", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  await store.enqueue([newMessage(), newMessage()]);
  const all = () => Array.fromAsync(store.list({}, { sort: "newest", after: null, limit: 2 }));
  const before = await all();
  store.db.run("ALTER TABLE body RENAME TO elsewhere");
  const worker = await store.registerWorker("test");
  const claim = () => store.claimDue({ worker, limit: 2, onlyUntried: true });
  await assert.rejects(claim(), /body/);
  assert.deepEqual(await all(), before);
  store.db.run("ALTER TABLE elsewhere RENAME TO body");
  const { claims } = await claim();
  assert.deepEqual(
    claims.map(({ content }) => content?.length),
    claims.map((one) => one.sizeBytes),
  );
  await store.giveBack(claims);
  await worker.close();
});

async function fill(path: string): Promise<void> {
  const store = await openSqlite(path);
  await store.enqueue(Array.from({ length: 2_000 }, () => newMessage()));
  await store.close();
}

async function readAll(path: string): Promise<void> {
  const store = await openSqlite(path);
  try {
    const worker = await store.registerWorker("test");
    await store.claimDue({ worker, limit: 2_000, onlyUntried: true });
    await worker.close();
  } finally {
    await store.close();
  }
}
