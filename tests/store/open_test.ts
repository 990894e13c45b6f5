import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { childOk } from "../support/child.ts";
import { MailqError } from "../../src/queue/errors.ts";
import { openStore, queueExists } from "../../src/store/open.ts";
import { FakeClock } from "../support/queue_clock.ts";
import { enqueued, listed } from "../support/queue_messages.ts";
import { openSqlite, rowsOf, SqliteFixture, verifySqlite } from "../support/queue_sqlite.ts";
import { SCHEMA_VERSION } from "../../src/store/sqlite/db/layout.ts";
import { MIGRATIONS } from "../../src/store/sqlite/db/schema.ts";
import { systemRandom } from "../../src/system/time.ts";

const OPTIONS = { create: true, isWorker: true, clock: new FakeClock(), random: systemRandom };

/** Runs a test in a folder of its own. */
function test(name: string, run: (folder: string) => Promise<void>): void {
  Deno.test(`SQLite store: ${name}`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "mailq-open-" });
    try {
      await run(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

async function rejects(opening: Promise<unknown>, code: string, exit: number, text: RegExp) {
  await assert.rejects(opening, (error) => {
    assert(error instanceof MailqError, String(error));
    assert.deepEqual([error.code, error.exit], [code, exit]);
    assert.match(error.message, text);
    return true;
  });
}

function write(path: string, ...statements: string[]): void {
  const db = new DatabaseSync(path);
  for (const sql of statements) db.exec(sql);
  db.close();
}

test("a new queue is set up as the traps demand", async (folder) => {
  const path = `${folder}/deep/er/queue.db`;
  const store = await openSqlite(path);
  await enqueued(store);
  const pragma = (name: string) => Object.values(store.db.get(`PRAGMA ${name}`) ?? {})[0];
  assert.deepEqual(
    ["journal_mode", "synchronous", "foreign_keys", "auto_vacuum", "busy_timeout"].map(pragma),
    ["wal", 2, 1, 2, 100],
  );
  assert.equal(pragma("journal_size_limit"), 33_554_432);
  assert.equal(pragma("application_id"), 0x6d6c7131);
  assert.equal(pragma("user_version"), SCHEMA_VERSION);
  for (const file of ["queue.db", "queue.db-wal", "queue.db-shm"]) {
    const { mode } = await Deno.stat(`${folder}/deep/er/${file}`);
    assert.equal((mode ?? 0) & 0o777, 0o600, file);
  }
  const worker = await store.registerWorker("test");
  for await (const { name } of Deno.readDir(`${folder}/deep/er`)) {
    const { mode } = await Deno.stat(`${folder}/deep/er/${name}`);
    assert.equal((mode ?? 0) & 0o777, 0o600, name);
  }
  await worker.close();
  await store.close();
  assert.deepEqual(rowsOf(path, "PRAGMA page_size"), [{ page_size: 8192 }]);
});

test("every table is strict", async (folder) => {
  const path = `${folder}/queue.db`;
  await (await openSqlite(path)).close();
  const loose = rowsOf(
    path,
    `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict
     ORDER BY name`,
  );
  assert.deepEqual(loose.map(({ name }) => name), ["sqlite_schema", "sqlite_sequence"]);
});

test("a one-shot command waits for the lock by blocking, a worker does not", async (folder) => {
  const store = await openStore(`${folder}/queue.db`, { ...OPTIONS, isWorker: false });
  await store.close();
  const { SqliteStore } = await import("../../src/store/sqlite/store.ts");
  const oneShot = await SqliteStore.open({
    ...OPTIONS,
    path: `${folder}/queue.db`,
    isWorker: false,
  });
  assert.equal(oneShot.db.get("PRAGMA busy_timeout")?.timeout, 60_000);
  await oneShot.close();
});

test("opening again changes nothing", async (folder) => {
  const path = `${folder}/queue.db`;
  const first = await openSqlite(path);
  const id = await enqueued(first);
  await first.close();
  const schema = () => rowsOf(path, "SELECT * FROM sqlite_schema");
  const before = schema();
  const second = await openSqlite(path);
  assert.deepEqual(await listed(second), [id]);
  await second.close();
  assert.deepEqual(schema(), before);
});

test("another program's SQLite database is refused and left as it is", async (folder) => {
  for (
    const [name, ...statements] of [
      ["tables.db", "CREATE TABLE music (title TEXT)"],
      ["version.db", "PRAGMA user_version = 3"],
      ["application.db", "PRAGMA application_id = 77"],
      ["wal.db", "PRAGMA journal_mode = WAL", "CREATE TABLE music (title TEXT)"],
    ]
  ) {
    const path = `${folder}/${name}`;
    write(path, ...statements);
    const before = await Deno.readFile(path);
    await rejects(openSqlite(path), "queue_foreign", 78, /another program's SQLite database/);
    assert.deepEqual(await Deno.readFile(path), before, name);
  }
});

test("a file of another kind is refused and left as it is", async (folder) => {
  for (const text of ["x", "Dear diary,\n".repeat(1_000), "SQLite format 2\0".repeat(99)]) {
    const path = `${folder}/file`;
    await Deno.writeTextFile(path, text);
    await rejects(openSqlite(path), "queue_foreign", 78, /the file is no mailq queue/);
    assert.equal(await Deno.readTextFile(path), text);
  }
});

test("a folder in the queue's place is an error that says so", async (folder) => {
  await rejects(openSqlite(folder), "io_error", 74, /a folder; name a file, such as .*queue\.db$/);
});

test("a queue cannot be made below a file", async (folder) => {
  await Deno.writeTextFile(`${folder}/file`, "");
  await rejects(openSqlite(`${folder}/file/queue.db`), "cannot_create", 73, /Cannot create/);
});

test("an empty file becomes a queue", async (folder) => {
  const path = `${folder}/queue.db`;
  await Deno.writeFile(path, new Uint8Array());
  const store = await openSqlite(path);
  await enqueued(store);
  await store.close();
  verifySqlite(path);
  assert.deepEqual(rowsOf(path, "PRAGMA auto_vacuum"), [{ auto_vacuum: 2 }]);
});

test("a queue that a newer program changed for good is refused", async (folder) => {
  const path = `${folder}/queue.db`;
  await (await openSqlite(path)).close();
  const newer = SCHEMA_VERSION + 3;
  write(
    path,
    `PRAGMA user_version = ${newer}`,
    `UPDATE meta SET value = '${newer}' WHERE key = 'compatible_from'`,
  );
  await rejects(openSqlite(path), "queue_newer", 78, /update this program/);
});

test("a queue that a newer program only added to stays usable", async (folder) => {
  const path = `${folder}/queue.db`;
  await (await openSqlite(path)).close();
  write(
    path,
    `PRAGMA user_version = ${SCHEMA_VERSION + 1}`,
    "ALTER TABLE message ADD COLUMN invention TEXT",
  );
  const store = await openSqlite(path);
  assert.equal((await store.show(await enqueued(store)))?.status, "queued");
  await store.close();
  assert.deepEqual(rowsOf(path, "PRAGMA user_version"), [{ user_version: SCHEMA_VERSION + 1 }]);
});

test("a queue that is changed under a running program takes no more writes", async (folder) => {
  const path = `${folder}/queue.db`;
  const store = await openSqlite(path);
  await enqueued(store);
  write(path, `PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
  await enqueued(store);
  write(
    path,
    `PRAGMA user_version = ${SCHEMA_VERSION + 2}`,
    `UPDATE meta SET value = '${SCHEMA_VERSION + 2}' WHERE key = 'compatible_from'`,
  );
  await rejects(enqueued(store), "queue_newer", 78, /update this program/);
  await store.close();
  assert.deepEqual(rowsOf(path, "SELECT count(*) AS n FROM message"), [{ n: 2 }]);
});

test("openStore takes paths and sqlite: URLs, and no unknown ones", async (folder) => {
  const path = `${folder}/queue.db`;
  for (const queue of [path, `sqlite:${path}`, `sqlite://${path}`, `file:${path}`]) {
    const store = await openStore(queue, OPTIONS);
    await enqueued(store);
    await store.close();
  }
  assert.deepEqual(rowsOf(path, "SELECT count(*) AS n FROM message"), [{ n: 4 }]);
  for (const queue of ["http://x", "mysql:x"]) {
    await rejects(openStore(queue, OPTIONS), "config_invalid", 78, /expected a file's path/);
  }
});

test("openStore keeps the mail on disk, whatever SQLite reads in the name", async (folder) => {
  for (const name of ["file:x.db?mode=memory", "file::memory:", "x.db?mode=memory"]) {
    const store = await openStore(`file:${folder}/${name}`, OPTIONS);
    await enqueued(store);
    await store.close();
    assert.equal(queueExists(`sqlite:${folder}/${name}`), true);
  }
});

test("openStore refuses names that stand for no file", async () => {
  for (const queue of ["", ":memory:", "sqlite:", "sqlite::memory:", "file::memory:"]) {
    for (const create of [true, false]) {
      await rejects(openStore(queue, { ...OPTIONS, create }), "config_invalid", 78, /file's path/);
    }
    assert.throws(() => queueExists(queue), MailqError, queue);
  }
});

test("a path that is relative is a file, even one that SQLite reads otherwise", async (folder) => {
  const module = import.meta.resolve("../support/queue_sqlite.ts");
  await childOk([Deno.execPath(), "eval", RELATIVE_QUEUE, module], { cwd: folder });
  for (const name of [":memory:", "file:x.db?mode=memory", "plain.db"]) {
    assert.deepEqual(rowsOf(`${folder}/${name}`, "PRAGMA user_version"), [
      { user_version: SCHEMA_VERSION },
    ]);
  }
});

/** Makes queues by relative names: which folder is meant is the whole process's. */
const RELATIVE_QUEUE = `
  const { openSqlite } = await import(Deno.args[0]);
  for (const name of [":memory:", "file:x.db?mode=memory", "plain.db"]) {
    await (await openSqlite(name)).close();
  }
`;

test("a queue that is not there counts as empty, and is not made by looking", async (folder) => {
  const path = `${folder}/none/queue.db`;
  assert.equal(queueExists(path), false);
  const store = await openStore(path, { ...OPTIONS, create: false });
  assert.deepEqual(await listed(store), []);
  const worker = await store.registerWorker("test");
  assert.deepEqual(
    (await store.claimDue({ worker, limit: 1, onlyUntried: true })).claims,
    [],
  );
  worker.noteDataBegun(1);
  assert.equal(await store.takeOver(), 0);
  await store.status();
  await worker.close();
  await store.close();
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  assert.equal(queueExists(folder), true);
});

test("workers that came by different names find each other", async (folder) => {
  await Deno.mkdir(`${folder}/real`);
  const store = await openSqlite(`${folder}/real/queue.db`);
  await Deno.symlink(`${folder}/real/queue.db`, `${folder}/link.db`);
  const linked = await openSqlite(`${folder}/link.db`);
  const id = await enqueued(store);
  const worker = await store.registerWorker("test");
  await store.claimDue({ worker, limit: 1, onlyUntried: true });
  assert.equal(await linked.takeOver(), 0);
  assert.equal((await linked.show(id))?.status, "sending");
  assert.equal((await linked.status()).workers.length, 1);
  await worker.close();
  await linked.close();
  await store.close();
});

Deno.test("SQLite store: closing frees the queue's files", async () => {
  await using fixture = await SqliteFixture.open();
  const store = await fixture.another();
  await enqueued(store);
});

Deno.test("the schema's version is the number of its steps", () => {
  assert.equal(SCHEMA_VERSION, MIGRATIONS.length);
});
