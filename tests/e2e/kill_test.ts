import assert from "node:assert/strict";
import { KilledQueue } from "./killed_queue.ts";

/** Picks the moments to kill at: anywhere in a process's life, which is found out by shooting too
 *  late and too early, since a busy machine makes it longer. */
class Aim {
  #latestMs: number;

  constructor(lifeMs: number) {
    this.#latestMs = lifeMs;
  }

  moment(): number {
    return this.#latestMs * (0.4 + 0.6 * Math.random());
  }

  note(isHit: boolean): void {
    this.#latestMs *= isHit ? 1.04 : 0.9;
  }
}

/** Does `work` `count` times, `lanes` at once. */
async function inLanes(lanes: number, count: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (left-- > 0) await work();
  }));
}

/** How long `work` takes when it is left alone. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

Deno.test("kill -9: an enqueue that is killed keeps all or nothing, one that exits 0 all", async () => {
  await using queue = await KilledQueue.make();
  await queue.enqueueOne(null);
  const one = new Aim(await timed(() => queue.enqueueOne(null)));
  const folder = new Aim(await timed(() => queue.enqueueFolder(60, 3, null)));
  await inLanes(3, 140, async () => one.note(await queue.enqueueOne(one.moment())));
  await inLanes(3, 40, async () => folder.note(await queue.enqueueFolder(60, 3, folder.moment())));
  await queue.finish();
  assert.equal(await queue.check(), 0, "nothing was sent twice: no send was killed");
  assert.ok(queue.kills >= 80, `only ${queue.kills} were hit`);
});

Deno.test("kill -9: a send that is killed loses nothing, and repeats only what is uncertain", async () => {
  await using queue = await KilledQueue.make();
  const send = async (afterMs: number | null, ...flags: string[]) =>
    await queue.run(["send", "--concurrency", "4", ...flags], afterMs) === null;
  await queue.enqueueFolder(150, 0, null);
  const aim = new Aim(await timed(() => send(null)));
  for (let round = 0; round < 30 && queue.kills < 150; round++) {
    await queue.enqueueFolder(150, 0, null);
    await Promise.all([
      inLanes(2, 8, async () => aim.note(await send(aim.moment(), "--no-lock"))),
      // Passes as cron starts them: they take the lock, or leave if it is held.
      inLanes(1, 3, async () => void await send(aim.moment())),
    ]);
  }
  await queue.finish();
  const repeated = await queue.check();
  assert.ok(queue.kills >= 80, `only ${queue.kills} were hit`);
  assert.ok(repeated > 0, "no moment between the relay's 250 and our commit was hit");
});
