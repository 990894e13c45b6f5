import assert from "node:assert/strict";
import { newMessage } from "../support/queue_messages.ts";
import { openSqlite, SqliteFixture } from "../support/queue_sqlite.ts";

const ALL = { finalBefore: null, includeOpen: true };

Deno.test("SQLite store: purge gives the disk its space back, in steps", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const content = new Uint8Array(100_000);
  for (let i = 0; i < 10; i++) {
    await store.enqueue(
      Array.from({ length: 30 }, () => newMessage({ content, sizeBytes: content.length })),
    );
  }
  const pages = () => Number(store.db.get("PRAGMA page_count")?.page_count);
  const full = pages();
  const freed: number[] = [];
  const write = store.db.write.bind(store.db);
  // The instance's own property hides the method.
  Object.defineProperty(store.db, "write", {
    value: async <T>(work: () => T): Promise<T> => {
      const before = pages();
      const result = await write(work);
      freed.push(before - pages());
      return result;
    },
  });
  assert.equal(await store.purge({}, ALL), 300);
  assert(full > 3_000, `${full} pages were in use`);
  assert(pages() < 100, `${pages()} pages are left`);
  assert.deepEqual(store.db.get("PRAGMA freelist_count")?.freelist_count, 0);
  // With a thousand pages goes a page of SQLite's own now and then.
  assert(freed.length > 3 && Math.max(...freed) <= 1_010, `steps of ${freed} pages`);
});

Deno.test("SQLite store: purge ends on a queue that keeps its free pages", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const content = new Uint8Array(100_000);
  await store.enqueue([newMessage({ content, sizeBytes: content.length })]);
  store.db.run("PRAGMA auto_vacuum = NONE");
  store.db.run("VACUUM");
  assert.equal(store.db.get("PRAGMA auto_vacuum")?.auto_vacuum, 0);
  assert.equal(await store.purge({}, ALL), 1);
  assert(Number(store.db.get("PRAGMA freelist_count")?.freelist_count) > 0);
});

Deno.test("SQLite store: other writers get their turn while a purge goes on", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  await store.enqueue(Array.from({ length: 3_000 }, () => newMessage()));
  const other = await fixture.another();
  let isPurging = true;
  const purging = store.purge({ statuses: ["queued"] }, ALL).finally(() => {
    isPurging = false;
  });
  let written = 0;
  while (isPurging) {
    await other.enqueue([newMessage({ isHeld: true })]);
    written++;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.equal(await purging, 3_000);
  assert(written > 1);
  assert.equal((await store.status()).held, written);
});

Deno.test("SQLite store: the space of an aborted stage is used again", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const content = new Uint8Array(200_000);
  const batch = () =>
    Array.from({ length: 20 }, () => newMessage({ content, sizeBytes: content.length }));
  const pagesAfter = async () => {
    const stage = await store.stage();
    await stage.add(batch());
    await stage.abort();
    return Number(store.db.get("PRAGMA page_count")?.page_count);
  };
  const once = await pagesAfter();
  for (let i = 0; i < 5; i++) assert(await pagesAfter() <= once + 8);
});

Deno.test("SQLite store: large enqueues keep the write-ahead log small", async () => {
  await using fixture = await SqliteFixture.open();
  const { store, queue } = fixture;
  const content = new Uint8Array(2_048);
  const stage = await store.stage();
  for (let i = 0; i < 5; i++) {
    await stage.add(
      Array.from({ length: 2_000 }, () => newMessage({ content, sizeBytes: content.length })),
    );
  }
  await stage.commit();
  const { size } = await Deno.stat(`${queue}-wal`);
  assert(size < 34_000_000, `it takes ${size} bytes`);
});

Deno.test("SQLite store: a transaction that fails leaves the connection usable", async () => {
  const folder = await Deno.makeTempDir();
  const store = await openSqlite(`${folder}/queue.db`);
  await assert.rejects(
    store.db.write(() => {
      store.db.run("INSERT INTO meta VALUES ('a', 'b')");
      throw new Error("on purpose");
    }),
    /on purpose/,
  );
  assert.equal(store.db.get("SELECT * FROM meta WHERE key = 'a'"), undefined);
  await store.db.write(() => store.db.run("INSERT INTO meta VALUES ('a', 'c')"));
  assert.equal(store.db.get("SELECT value FROM meta WHERE key = 'a'")?.value, "c");
  await store.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("SQLite store: a worker waits for another's transaction without blocking", async () => {
  await using fixture = await SqliteFixture.open();
  const other = await fixture.another();
  fixture.store.db.run("BEGIN IMMEDIATE");
  const writing = other.enqueue([newMessage()]);
  // Runs only because the wait lets go of the event loop.
  const ending = new Promise<void>((resolve) =>
    setTimeout(() => {
      fixture.store.db.run("COMMIT");
      resolve();
    }, 0)
  );
  assert.equal((await writing).length, 1);
  await ending;
});
