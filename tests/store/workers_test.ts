import assert from "node:assert/strict";
import { MailqError } from "../../src/queue/errors.ts";
import { FileLock } from "../../src/system/file_lock.ts";
import type { SqliteStore } from "../../src/store/sqlite/store.ts";
import { SqliteWorker } from "../../src/store/sqlite/db/workers.ts";
import { enqueued } from "../support/queue_messages.ts";
import { QueueProcess } from "../support/queue_process.ts";
import { SqliteFixture } from "../support/queue_sqlite.ts";

Deno.test("SQLite worker: notes what it began as numbers behind the time of the boot", async () => {
  await using fixture = await SqliteFixture.open();
  const { worker, path } = await registered(fixture.store);
  assert.equal((await Deno.stat(path)).size, 8);
  worker.noteDataBegun(7);
  worker.noteDataBegun(2 ** 40);
  const view = new DataView((await Deno.readFile(path)).buffer);
  assert.deepEqual([view.getFloat64(8), view.getFloat64(16)], [7, 2 ** 40]);
  await worker.close();
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});

/** What may have become of a dead worker's file, and whether its claim is uncertain then. */
const FILES: readonly (readonly [string, (path: string) => Promise<void>, boolean])[] = [
  ["as it was", async () => {}, false],
  ["with a note cut short", (path) => append(path, [64, 8, 0]), false],
  ["with a note of another claim", (path) => append(path, numberBytes(999_999)), false],
  ["of an earlier boot", (path) => Deno.writeFile(path, numberBytes(1_000)), true],
  ["without even its head", (path) => Deno.truncate(path, 5), true],
  ["gone", (path) => Deno.remove(path), true],
];

for (const [what, change, isUncertain] of FILES) {
  Deno.test(`SQLite store: a dead worker's file ${what}: uncertain ${isUncertain}`, async () => {
    await using fixture = await SqliteFixture.open();
    const { store } = fixture;
    const id = await enqueued(store);
    const { worker, path } = await registered(store);
    await store.claimDue({ worker, limit: 1, onlyUntried: true });
    fixture.abandon(worker);
    await change(path);
    assert.equal(await store.takeOver(), 1);
    const shown = await store.show(id);
    assert.equal(shown?.status, "queued");
    assert.deepEqual(shown?.attempts.map(({ result }) => result), isUncertain ? ["uncertain"] : []);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  });
}

Deno.test("SQLite store: two processes that take over at once requeue a message once", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  for (let i = 0; i < 20; i++) await enqueued(store);
  const { worker } = await registered(store);
  const { claims } = await store.claimDue({ worker, limit: 20, onlyUntried: true });
  for (const { token } of claims) worker.noteDataBegun(token);
  fixture.abandon(worker);
  const others = [await fixture.another(), await fixture.another(), store];
  const requeued = await Promise.all(others.map((each) => each.takeOver()));
  assert.deepEqual(requeued.sort((a, b) => a - b), [0, 0, 20]);
  for await (const { tries } of store.list({}, { sort: "newest", after: null, limit: 0 })) {
    assert.equal(tries, 1);
  }
});

Deno.test("SQLite store: another user's worker is left alone and stops nobody", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const { worker, path } = await registered(store);
  await enqueued(store);
  await store.claimDue({ worker, limit: 1, onlyUntried: true });
  await Deno.chmod(path, 0o000);
  await Deno.chmod(fixture.folder, 0o777);
  for await (const { name } of Deno.readDir(fixture.folder)) {
    if (!name.includes("worker")) await Deno.chmod(`${fixture.folder}/${name}`, 0o666);
  }
  await using child = QueueProcess.startUnprivileged("takeOver", fixture.queue, fixture.folder);
  assert.equal(await child.says(), "0 taken over, 0 workers seen");
  await child.end();
  await worker.close();
});

Deno.test("FileLock: one holder at a time, in this process or another", async () => {
  const path = await Deno.makeTempFile();
  const lock = await FileLock.tryTake(path);
  assert(lock !== null);
  assert.equal(await FileLock.tryTake(path), null);
  assert.equal(await FileLock.tryTake(path, false), null);
  lock.release();
  const again = await FileLock.tryTake(path, false);
  assert(again !== null);
  again.release();
  await Deno.remove(path);
});

Deno.test("FileLock: makes its file for its owner alone, and only if it is to", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/lock`;
  assert.equal(await FileLock.tryTake(path, false), null);
  const lock = await FileLock.tryTake(path);
  assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  lock?.release();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("FileLock: takes a plain file alone, and changes nothing behind a link", async () => {
  const folder = await Deno.makeTempDir();
  const victim = `${folder}/victim`;
  await Deno.writeTextFile(victim, "precious");
  await Deno.symlink(victim, `${folder}/symbolic`);
  await Deno.symlink(`${folder}/missing`, `${folder}/dangling`);
  await Deno.link(victim, `${folder}/hard`);
  await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
  for (const name of ["symbolic", "dangling", "hard", "pipe"]) {
    for (const create of [true, false]) {
      await assert.rejects(FileLock.tryTake(`${folder}/${name}`, create), (error) => {
        assert(error instanceof MailqError, `${name}: ${error}`);
        assert.deepEqual([error.code, error.exit], ["permission", 77]);
        assert.match(error.message, /^Cannot lock .*\/(symbolic|dangling|hard|pipe): .*plain file/);
        return true;
      });
    }
  }
  assert.equal(await Deno.readTextFile(victim), "precious");
  await assert.rejects(Deno.lstat(`${folder}/missing`), Deno.errors.NotFound);
  await Deno.remove(folder, { recursive: true });
});

async function registered(
  store: SqliteStore,
): Promise<{ readonly worker: SqliteWorker; readonly path: string }> {
  const worker = await store.registerWorker("test");
  assert(worker instanceof SqliteWorker && worker.lock !== null);
  return { worker, path: worker.lock.path };
}

function numberBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

async function append(path: string, bytes: Iterable<number>): Promise<void> {
  await Deno.writeFile(path, Uint8Array.from(bytes), { append: true });
}

Deno.test("SQLite store: a lock file whose process died before it registered is swept", async () => {
  await using fixture = await SqliteFixture.open();
  const { worker, path } = await registered(fixture.store);
  const orphan = path.replace(/worker-.*/, "worker-0123456789abcdef");
  const fresh = path.replace(/worker-.*/, "worker-fedcba9876543210");
  await Deno.writeFile(orphan, new Uint8Array(8));
  await Deno.writeFile(fresh, new Uint8Array(8));
  const longAgo = new Date(Date.now() - 3_600_000);
  await Deno.utime(orphan, longAgo, longAgo);
  await Deno.utime(path, longAgo, longAgo);
  await fixture.store.takeOver();
  await assert.rejects(Deno.stat(orphan), Deno.errors.NotFound);
  assert.ok(await Deno.stat(fresh), "one that is being registered stays");
  assert.ok(await Deno.stat(path), "a worker's own stays");
  await worker.close();
});
