import assert from "node:assert/strict";
import { QueueProcess } from "../support/queue_process.ts";
import { openSqlite, rowsOf, SqliteFixture, verifySqlite } from "../support/queue_sqlite.ts";

const MEGABYTE = 1024 * 1024;

/** Starts children that wait, lets them go at the same moment, and waits for their ends. */
async function together(count: number, start: () => QueueProcess): Promise<void> {
  const children = Array.from({ length: count }, start);
  try {
    for (const child of children) assert.equal(await child.says(), "ready");
    await Promise.all(children.map((child) => child.goOn()));
    for (const child of children) {
      assert.equal(await child.says(), "done");
      await child.end();
    }
  } finally {
    for (const child of children) await child[Symbol.asyncDispose]();
  }
}

Deno.test("SQLite store: eight processes open a fresh queue at once", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/made/here/queue.db`;
  await together(8, () => QueueProcess.start("open", path));
  verifySqlite(path);
  assert.deepEqual(rowsOf(path, "SELECT n FROM tally WHERE status = 'queued'"), [{ n: 8 }]);
  assert.deepEqual(rowsOf(path, "PRAGMA auto_vacuum"), [{ auto_vacuum: 2 }]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("SQLite store: eight processes find an empty file at once", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/queue.db`;
  await Deno.writeFile(path, new Uint8Array());
  await together(8, () => QueueProcess.start("open", path));
  verifySqlite(path);
  assert.deepEqual(rowsOf(path, "PRAGMA auto_vacuum"), [{ auto_vacuum: 2 }]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("SQLite store: four writers at once lose nothing, and none is told busy", async () => {
  await using fixture = await SqliteFixture.open();
  await together(4, () => QueueProcess.start("enqueue", fixture.queue, 250));
  assert.equal((await fixture.store.status()).queued, 1_000);
});

Deno.test("SQLite store: a message of 50 MB adds less than 100 MB of memory", async () => {
  await using fixture = await SqliteFixture.open();
  await using child = QueueProcess.start("large", fixture.queue, 50 * MEGABYTE);
  const { read, grownBytes } = JSON.parse(await child.says());
  assert.equal(read, 50 * MEGABYTE);
  assert(grownBytes < 100 * MEGABYTE, `it grew by ${grownBytes} bytes`);
});

Deno.test("SQLite store: a kill in the middle of enqueueing keeps what was acknowledged", async () => {
  await using fixture = await SqliteFixture.open();
  await using child = QueueProcess.start("forever", fixture.queue);
  const acknowledged: string[] = [];
  while (acknowledged.length < 50) acknowledged.push(...(await child.says()).split("\n"));
  await child.kill();
  const store = await openSqlite(fixture.queue);
  // The last line may be cut short.
  for (const id of acknowledged.slice(0, -1)) {
    assert.equal((await store.show(id))?.status, "queued");
  }
  await store.close();
});
