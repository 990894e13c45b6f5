import assert from "node:assert/strict";
import { newMessage } from "../../support/queue_messages.ts";
import { openSqlite } from "../../support/queue_sqlite.ts";
import { WorkerData } from "../../../src/tui/data/worker_data.ts";

const REQUEST = {
  filter: {},
  sort: "newest",
  isReversed: false,
  anchor: "top",
  before: 10,
  after: 10,
} as const;

/** A queue file with a message. */
async function make(path: string, id: string): Promise<void> {
  const store = await openSqlite(path);
  await store.enqueue([newMessage({ id })]);
  await store.close();
}

async function idsOf(data: WorkerData): Promise<string[]> {
  return (await data.window(REQUEST)).rows.map(({ id }) => id);
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const OLD = "o1d000000000", NEW = "new000000000";

Deno.test("a backup put in the queue's place is what is shown, and nothing goes to the old file", () =>
  inFolder(async (folder) => {
    const queue = `${folder}/queue.db`;
    await make(queue, OLD);
    await make(`${folder}/backup.db`, NEW);
    const kept = `${folder}/kept.db`;
    const data = await WorkerData.open({ queue, file: queue, isReadonly: false });
    const over = new AbortController();
    try {
      assert.deepEqual(await idsOf(data), [OLD]);
      // As the README says to restore one; the old file is kept here to be looked at.
      await Deno.link(queue, kept);
      await new Deno.Command("sh", {
        args: ["-c", `rm -f "$1"-*; install -m 600 "$2" "$1"`, "sh", queue, `${folder}/backup.db`],
      }).output();
      // What was confirmed for the queue as it was shown is not done to the other one either.
      await assert.rejects(data.act("hold", { ids: [OLD, NEW] }, null), { code: "busy" });
      assert.equal(await data.changed(over.signal), "replaced");
      assert.deepEqual(await idsOf(data), [NEW]);
      const { outcome } = await data.act("hold", { ids: [NEW] }, null);
      assert.equal(outcome.changed, 1);
    } finally {
      over.abort();
      await data.close();
    }
    const statuses = async (path: string) => {
      const store = await openSqlite(path);
      const counts = await store.status();
      await store.close();
      return [counts.queued, counts.held];
    };
    assert.deepEqual(await statuses(kept), [1, 0]);
    assert.deepEqual(await statuses(queue), [0, 1]);
  }));

Deno.test("a queue whose file is gone is told, and is there again when it comes back", () =>
  inFolder(async (folder) => {
    const queue = `${folder}/queue.db`;
    await make(queue, OLD);
    const data = await WorkerData.open({ queue, file: queue, isReadonly: false });
    const over = new AbortController();
    try {
      const change = data.changed(over.signal);
      await Deno.rename(queue, `${folder}/elsewhere.db`);
      assert.equal(await change, "gone");
      await assert.rejects(idsOf(data), { code: "input_unreadable" });
      await assert.rejects(data.act("hold", {}, null), { code: "input_unreadable" });
      const back = data.changed(over.signal);
      await Deno.rename(`${folder}/elsewhere.db`, queue);
      assert.equal(await back, "back");
      assert.deepEqual(await idsOf(data), [OLD]);
    } finally {
      over.abort();
      await data.close();
    }
  }));
