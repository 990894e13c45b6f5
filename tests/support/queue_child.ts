// A process of its own for tests of several: does as its first argument says with the queue that
// its second one names, prints what came of it, and then waits to be killed or told to go on.
import { MailqError } from "../../src/queue/errors.ts";
import { openStore } from "../../src/store/open.ts";
import { enqueued, newMessage } from "./queue_messages.ts";
import { systemClock, systemRandom } from "../../src/system/time.ts";

const [task = "", queue = "", count = "0"] = Deno.args;
const open = () =>
  openStore(queue, { create: true, isWorker: true, clock: systemClock, random: systemRandom });

/** Lets all children of a test begin at the same moment. */
async function waitForStart(): Promise<void> {
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(1));
}

const tasks: Readonly<Record<string, () => Promise<void>>> = {
  async stage() {
    const stage = await (await open()).stage();
    const message = newMessage();
    await stage.add([message]);
    console.log(message.id);
    await Deno.stdin.read(new Uint8Array(1));
  },
  /** Opens a batch, with one message that joins it. */
  async batch() {
    const store = await open();
    const { token } = await store.openBatch(null);
    const message = newMessage();
    await (await store.joinBatch(token)).enqueue([message]);
    console.log(`${token} ${message.id}`);
    await Deno.stdin.read(new Uint8Array(1));
  },
  /** Claims everything and begins to hand over the first. */
  async claim() {
    const store = await open();
    const worker = await store.registerWorker("child");
    const { claims } = await store.claimDue({ worker, limit: 10, onlyUntried: true });
    const [first] = claims;
    if (first !== undefined) worker.noteDataBegun(first.token);
    console.log(claims.length);
    await Deno.stdin.read(new Uint8Array(1));
  },
  async open() {
    await waitForStart();
    const store = await open();
    await enqueued(store);
    await store.close();
    console.log("done");
  },
  async enqueue() {
    const store = await open();
    await waitForStart();
    for (let i = 0; i < Number(count); i++) await enqueued(store);
    await store.close();
    console.log("done");
  },
  /** Enqueues until it is killed, printing each id once it is on disk. */
  async forever() {
    const store = await open();
    for (;;) console.log(await enqueued(store));
  },
  /** Enqueues bodies of all sizes, deletes them again and checkpoints in every way, until it is
   *  killed. */
  async churn() {
    const store = await open();
    const { DatabaseSync } = await import("node:sqlite");
    const db = new DatabaseSync(queue);
    const checkpoints = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"].map((mode) =>
      db.prepare(`PRAGMA wal_checkpoint(${mode})`)
    );
    console.log("begun");
    for (let i = 0;; i++) {
      const content = new Uint8Array((i * 7_919) % 300_000).fill(i);
      await enqueued(store, { content, sizeBytes: content.length });
      if (i % 3 === 0) checkpoints[(i / 3) % 4]?.get();
      if (i % 20 === 19) await store.purge({}, { finalBefore: null, includeOpen: true });
    }
  },
  /** Opens, writes and reads; prints what went wrong. */
  async use() {
    try {
      const store = await open();
      await enqueued(store);
      await Array.fromAsync(store.list({}, { sort: "newest", after: null, limit: 0 }));
      await store.close();
      console.log("done");
    } catch (error) {
      if (!(error instanceof MailqError)) throw error;
      console.log(`${error.code} ${error.exit} ${error.message}`);
    }
  },
  async takeOver() {
    const store = await open();
    const { workers } = await store.status();
    console.log(`${await store.takeOver()} taken over, ${workers.length} workers seen`);
    await store.close();
  },
  /** Takes in a message of as many bytes, gives it out again, and prints by how many bytes the
   *  process has grown at most. */
  async large() {
    const store = await open();
    await enqueued(store);
    const before = Deno.memoryUsage().rss;
    let most = before;
    const look = () => {
      most = Math.max(most, Deno.memoryUsage().rss);
    };
    const sizeBytes = Number(count);
    const pieces = async function* () {
      for (let sent = 0; sent < sizeBytes; sent += 65_536) {
        look();
        yield await new Uint8Array(Math.min(65_536, sizeBytes - sent)).fill(65);
      }
    };
    const { content: _, ...message } = newMessage();
    const stage = await store.stage();
    await stage.addLarge(message, pieces(), () => ({ sizeBytes, dotLines: 0, isEightBit: false }));
    look();
    await stage.commit();
    const seq = (await store.show(message.id))?.seq ?? 0;
    let read = 0;
    for await (const piece of store.content(seq)) {
      read += piece.length;
      look();
    }
    await store.close();
    console.log(JSON.stringify({ read, grownBytes: most - before }));
  },
};
await tasks[task]?.();
