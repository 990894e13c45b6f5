import assert from "node:assert/strict";
import type { Store } from "../../src/queue/ports/store.ts";
import {
  attemptOf,
  awkwardBytes,
  collect,
  enqueued,
  listed,
  newMessage,
} from "../support/queue_messages.ts";
import { QueueProcess } from "../support/queue_process.ts";
import { openSqlite, rowsOf, SqliteFixture, verifySqlite } from "../support/queue_sqlite.ts";

const GO_ON = new AbortController().signal;

function backup(store: Store, path: string, replaces = false) {
  return store.backup(path, { replaces, signal: GO_ON });
}

/** The files of a folder but for those of the queue. */
function othersIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => !name.startsWith("queue.db")).sort();
}

Deno.test("backup: the copy is one file, a queue that holds all and works", async () => {
  await using fixture = await SqliteFixture.open();
  const { store, folder } = fixture;
  const content = awkwardBytes(700_000);
  const large = await enqueued(store, { content, sizeBytes: content.length });
  for (let i = 0; i < 20; i++) await enqueued(store);
  await store.suppress(["no@x.test"], null);
  const worker = await store.registerWorker("test");
  const { claims } = await store.claimDue({ worker, limit: 1, onlyUntried: true });
  await store.record(claims.map((claim) => attemptOf(claim, "sent")));
  const path = `${folder}/copy.db`;
  const result = await backup(store, path);
  assert.deepEqual(othersIn(folder), ["copy.db"]);
  const { size, mode } = Deno.statSync(path);
  const at = fixture.clock.now();
  assert.deepEqual(result, { sizeBytes: size, messages: 21, madeAt: at, newestAt: at });
  assert.equal((mode ?? 0) & 0o777, 0o600);
  verifySqlite(path);
  const copy = await openSqlite(path, fixture.clock);
  assert.deepEqual(await listed(copy), await listed(store));
  assert.deepEqual(await copy.status().then(({ sent, queued }) => [sent, queued]), [1, 20]);
  const shown = await copy.show(large);
  assert.deepEqual(await collect(copy.content(shown?.seq ?? 0)), content);
  assert.deepEqual(await copy.suppressedAmong(["no@x.test"]), ["no@x.test"]);
  await enqueued(copy);
  const other = await copy.registerWorker("test");
  const again = await copy.claimDue({ worker: other, limit: 50, onlyUntried: true });
  assert.equal(again.claims.length, 21);
  await copy.record(again.claims.map((claim) => attemptOf(claim, "sent")));
  await other.close();
  await copy.close();
  verifySqlite(path);
  assert.equal((await store.status()).queued, 20, "the queue itself is as it was");
  await worker.close();
});

Deno.test("backup: what a worker had claimed is taken over in the copy", async () => {
  await using fixture = await SqliteFixture.open();
  const { store, folder } = fixture;
  await enqueued(store);
  const worker = await store.registerWorker("test");
  await store.claimDue({ worker, limit: 1, onlyUntried: true });
  // In another folder: beside the queue it would find the worker's lock, and that it lives.
  Deno.mkdirSync(`${folder}/elsewhere`);
  await backup(store, `${folder}/elsewhere/queue.db`);
  const copy = await openSqlite(`${folder}/elsewhere/queue.db`, fixture.clock);
  assert.equal(await copy.takeOver(), 1);
  assert.equal((await copy.status()).queued, 1);
  await copy.close();
  await worker.close();
});

Deno.test("backup: mail that is being staged is neither counted nor seen", async () => {
  await using fixture = await SqliteFixture.open();
  const { store, folder } = fixture;
  await enqueued(store);
  const stage = await store.stage();
  await stage.add([newMessage()]);
  assert.equal((await backup(store, `${folder}/copy.db`)).messages, 1);
  const copy = await openSqlite(`${folder}/copy.db`, fixture.clock);
  assert.equal((await listed(copy)).length, 1);
  await copy.takeOver();
  await copy.close();
  verifySqlite(`${folder}/copy.db`);
  await stage.abort();
});

Deno.test("backup: is consistent while others write, delete and checkpoint", async () => {
  await using fixture = await SqliteFixture.open();
  const { store, folder } = fixture;
  await enqueued(store);
  await using one = QueueProcess.start("churn", fixture.queue);
  await using other = QueueProcess.start("churn", fixture.queue);
  assert.deepEqual([await one.says(), await other.says()], ["begun", "begun"]);
  const seen = new Set<number>();
  for (let n = 0; n < 25; n++) {
    const path = `${folder}/copy${n}.db`;
    const { messages } = await backup(store, path);
    verifySqlite(path);
    assert.equal(rowsOf(path, "SELECT 1 FROM message").length, messages);
    // Every body is whole: it was written in one commit with its message.
    const broken = `SELECT seq FROM message m WHERE size <>
      (SELECT coalesce(sum(length(bytes)), 0) FROM body WHERE part / 4096 = m.seq)`;
    assert.deepEqual(rowsOf(path, broken), []);
    seen.add(Number(rowsOf(path, "SELECT max(seq) AS n FROM message")[0]?.n));
    Deno.removeSync(path);
  }
  assert(seen.size > 5, "the others were writing all the while");
});

Deno.test("backup: a writer waits no longer than for the log, not for the whole copy", async () => {
  await using fixture = await SqliteFixture.open();
  const { store, folder } = fixture;
  const content = awkwardBytes(200_000);
  for (let i = 0; i < 100; i++) await enqueued(store, { content, sizeBytes: content.length });
  const another = await fixture.another();
  // The file is 20 pieces long: the first of them is read when the log's lock is gone.
  let isOver = false;
  const copying = backup(store, `${folder}/copy.db`).finally(() => isOver = true);
  let during = 0;
  while (!isOver) {
    await enqueued(another);
    if (!isOver) during++;
    // Lets the reads of the copy come in.
    await new Promise((resolve) => setTimeout(resolve));
  }
  const { messages } = await copying;
  assert(during > 2, `${during} messages were queued meanwhile`);
  assert(messages >= 100 && messages < 100 + during, `${messages} messages in the copy`);
});

Deno.test("backup: writes over nothing, and with `replaces` over a plain file alone", async () => {
  await using fixture = await SqliteFixture.open();
  const { store, folder } = fixture;
  await enqueued(store);
  const path = `${folder}/copy.db`;
  Deno.writeTextFileSync(path, "mine");
  const refused = { code: "cannot_create", exit: 73 };
  await assert.rejects(backup(store, path), refused);
  assert.equal(Deno.readTextFileSync(path), "mine");
  assert.equal((await backup(store, path, true)).messages, 1);
  verifySqlite(path);
  Deno.mkdirSync(`${folder}/dir`);
  Deno.symlinkSync(path, `${folder}/link`);
  for (const name of ["dir", "link", "none/copy.db"]) {
    await assert.rejects(backup(store, `${folder}/${name}`, true), refused, name);
  }
  await assert.rejects(backup(store, `${folder}/dir/`, true), { code: "usage" });
  assert.deepEqual(othersIn(folder), ["copy.db", "dir", "link"], "nothing is left of them");
});

Deno.test("backup: neither the queue nor a database in use is written over", async () => {
  await using fixture = await SqliteFixture.open();
  const { store, folder } = fixture;
  await enqueued(store);
  Deno.symlinkSync(folder, `${folder}/link`);
  const names = ["queue.db", "queue.db-wal", "queue.db-lock", "link/queue.db", "link/./queue.db"];
  for (const name of names) {
    const refused = { code: "cannot_create", message: /belongs to the queue itself/ };
    await assert.rejects(backup(store, `${folder}/${name}`, true), refused, name);
  }
  Deno.writeTextFileSync(`${folder}/old.db-wal`, "");
  const refused = { code: "cannot_create", message: /old\.db-wal beside it/ };
  await assert.rejects(backup(store, `${folder}/old.db`, true), refused);
  assert.equal((await store.status()).queued, 1);
});

Deno.test("backup: a damaged queue is told, and no copy left", async () => {
  await using fixture = await SqliteFixture.open();
  const { folder } = fixture;
  const path = `${folder}/queue-damaged.db`;
  const store = await openSqlite(path, fixture.clock);
  for (let i = 0; i < 200; i++) await enqueued(store);
  await store.close();
  {
    using file = Deno.openSync(path, { read: true, write: true });
    file.seekSync(20 * 4096, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(4096 * 8).fill(7));
  }
  const damaged = await openSqlite(path, fixture.clock);
  await assert.rejects(backup(damaged, `${folder}/copy.db`), {
    code: "queue_corrupt",
    message: /^Cannot back up the queue .*queue-damaged\.db: the file is damaged/,
  });
  await damaged.close();
  assert.deepEqual(othersIn(folder), ["queue-damaged.db"]);
});

Deno.test("backup: told to stop, it leaves nothing behind", async () => {
  await using fixture = await SqliteFixture.open();
  const { store, folder } = fixture;
  await enqueued(store);
  const options = { replaces: false, signal: AbortSignal.abort() };
  await assert.rejects(store.backup(`${folder}/copy.db`, options), { code: "busy" });
  assert.deepEqual(othersIn(folder), []);
  await enqueued(store);
  assert.equal((await backup(store, `${folder}/copy.db`)).messages, 2);
});
