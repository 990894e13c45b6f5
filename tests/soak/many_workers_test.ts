import assert from "node:assert/strict";
import { KilledQueue } from "../e2e/support/killed_queue.ts";
import { openQueue, Running, until } from "../e2e/support/running.ts";

/** How long a worker is stopped: a while in which it may hold the queue's lock, and less than the
 *  others' patience with that. */
const STOPPED_MS = 2_000;

/** Four services, four passes without the lock and passes as cron starts them send `count`
 *  messages, while one service is stopped for a while and one is killed. Fails if a message was
 *  lost, or went out more often than its uncertain attempts explain. */
async function manyWorkers(count: number): Promise<void> {
  await using queue = await KilledQueue.make();
  const { mailq } = queue;
  mailq.env.MAILQ_CONCURRENCY = "4";
  // Batches that are merged into the one lane, as most are.
  for (let left = count; left > 0; left -= 2_000) {
    await queue.enqueueFolder(Math.min(left, 2_000), 0, null);
  }
  const store = await openQueue(mailq);
  await using workers = new AsyncDisposableStack();
  try {
    const start = async (...args: string[]) => workers.use(await Running.start(mailq, args));
    const [stopped, killed, ...runs] = await Promise.all(
      Array.from({ length: 4 }, () => start("run")),
    );
    assert(stopped !== undefined && killed !== undefined);
    const sends = await Promise.all(
      Array.from({ length: 4 }, () => start("send", "--no-lock")),
    );
    let isOver = false;
    const cron = (async () => {
      while (!isOver) await mailq.ok(["send"]);
    })();
    await until(store, async () => (await store.status()).sent >= count / 20);
    stopped.child.kill("SIGSTOP");
    killed.child.kill("SIGKILL");
    // No event tells that it was stopped for long enough.
    await new Promise((resolve) => setTimeout(resolve, STOPPED_MS));
    stopped.child.kill("SIGCONT");
    await until(store, async () => {
      const { queued, sending, deferred } = await store.status();
      return queued + sending + deferred === 0;
    });
    isOver = true;
    await cron;
    for (const send of sends) await send.ended();
    for (const run of [stopped, ...runs]) await run.stop();
    await queue.check();
  } finally {
    await store.close();
  }
}

Deno.test("eight workers and cron: none of 20,000 messages is lost, or repeated unmarked", async () => {
  await manyWorkers(20_000);
});
