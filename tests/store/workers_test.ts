import assert from "node:assert/strict";
import type { SqliteStore } from "../../src/store/sqlite/store.ts";
import { SqliteWorker } from "../../src/store/sqlite/claims/workers.ts";
import { enqueued } from "../support/queue_messages.ts";
import { QueueProcess } from "../support/queue_process.ts";
import { SqliteFixture } from "../support/queue_sqlite.ts";

Deno.test("SQLite worker: notes what it began as numbers behind the mark of the boot", async () => {
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

Deno.test("SQLite store: a link in the place of a worker's file is refused, not followed", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const { worker, path } = await registered(store);
  await Deno.rename(path, `${path}-moved`);
  await Deno.symlink(`${path}-moved`, path);
  const refused = { code: "permission", exit: 77, message: /^Cannot lock .* no plain file/ };
  await assert.rejects(store.takeOver(), refused);
  await assert.rejects(store.changed(new AbortController().signal), refused);
  await Deno.remove(path);
  await Deno.rename(`${path}-moved`, path);
  await worker.close();
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
