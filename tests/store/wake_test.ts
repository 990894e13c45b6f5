import assert from "node:assert/strict";
import { enqueued } from "../support/queue_messages.ts";
import { QueueProcess } from "../support/queue_process.ts";
import { SqliteFixture } from "../support/queue_sqlite.ts";

const never = () => new AbortController().signal;

/** What may stand where the wake file is to be: the poll finds a change all the same. */
const OBSTACLES: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  ["a link that leads nowhere", (path) => Deno.symlink("/nonexistent/wake", path)],
  ["a folder", (path) => Deno.mkdir(path)],
  ["another's file that nobody may write to", async (path) => {
    await Deno.writeTextFile(path, "");
    await Deno.chmod(path, 0o400);
  }],
];

for (const [what, lay] of OBSTACLES) {
  Deno.test(`SQLite store: changes are seen with ${what} in place of the wake file`, async () => {
    await using fixture = await SqliteFixture.open();
    await lay(`${fixture.queue}-wake`);
    await fixture.store.changed(AbortSignal.abort());
    const changed = fixture.store.changed(never());
    await enqueued(await fixture.another());
    await changed;
  });
}

Deno.test("SQLite store: changes are seen though the wake file was removed", async () => {
  await using fixture = await SqliteFixture.open();
  const other = await fixture.another();
  await fixture.store.changed(AbortSignal.abort());
  await Deno.remove(`${fixture.queue}-wake`);
  await fixture.store.changed(never()).then(() => {}, assert.fail);
  const changed = fixture.store.changed(never());
  await enqueued(other);
  await changed;
});

Deno.test("SQLite store: a link in place of the wake file harms nothing it leads to", async () => {
  await using fixture = await SqliteFixture.open();
  const precious = `${fixture.folder}/precious`;
  await Deno.writeTextFile(precious, "precious");
  await Deno.symlink(precious, `${fixture.queue}-wake`);
  await enqueued(fixture.store);
  await fixture.store.changed(AbortSignal.abort());
  await enqueued(await fixture.another());
  assert.equal(await Deno.readTextFile(precious), "precious");
});

Deno.test("SQLite store: nobody watches, no wake file is made", async () => {
  await using fixture = await SqliteFixture.open();
  await enqueued(fixture.store);
  await assert.rejects(Deno.stat(`${fixture.queue}-wake`), Deno.errors.NotFound);
  await fixture.store.changed(AbortSignal.abort());
  assert.equal((await Deno.stat(`${fixture.queue}-wake`)).mode! & 0o777, 0o600);
});

Deno.test("SQLite store: another user's commit wakes, whether or not he may touch the file", async () => {
  const home = await Deno.makeTempDir();
  await Deno.chmod(home, 0o777);
  try {
    await using fixture = await SqliteFixture.open();
    await Deno.chmod(fixture.folder, 0o777);
    for await (const { name } of Deno.readDir(fixture.folder)) {
      await Deno.chmod(`${fixture.folder}/${name}`, 0o666);
    }
    for (const mode of [0o666, 0o600]) {
      await fixture.store.changed(AbortSignal.abort());
      await Deno.chmod(`${fixture.queue}-wake`, mode);
      await using child = QueueProcess.startUnprivileged("open", fixture.queue, home);
      assert.equal(await child.says(), "ready");
      await fixture.store.changed(AbortSignal.abort());
      const changed = fixture.store.changed(never());
      await child.goOn();
      await changed;
      assert.equal(await child.says(), "done");
    }
    assert.equal((await fixture.store.status()).queued, 2);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
