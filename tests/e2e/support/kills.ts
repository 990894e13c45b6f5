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

/** How often to try to kill, and how many of the tries have to hit. */
export interface KillCounts {
  readonly single: number;
  readonly folders: number;
  readonly leastHits: number;
}

/** Kills enqueues: fails if one keeps a part of what it brought, or one that exited 0 not all. */
export async function killEnqueues(counts: KillCounts): Promise<void> {
  await using queue = await KilledQueue.make();
  await queue.enqueueOne(null);
  const one = new Aim(await timed(() => queue.enqueueOne(null)));
  const folder = new Aim(await timed(() => queue.enqueueFolder(60, 3, null)));
  await inLanes(3, counts.single, async () => one.note(await queue.enqueueOne(one.moment())));
  await inLanes(
    3,
    counts.folders,
    async () => folder.note(await queue.enqueueFolder(60, 3, folder.moment())),
  );
  await queue.finish();
  assert.equal(await queue.check(), 0, "nothing was sent twice: no send was killed");
  assert.ok(queue.kills >= counts.leastHits, `only ${queue.kills} were hit`);
}

/** Kills sends, `rounds` times eight, until `enough` were hit: fails if a message is lost, or went
 *  out more often than its uncertain attempts explain. Returns how many went out again. */
export async function killSends(
  { rounds, enough, leastHits }: {
    readonly rounds: number;
    readonly enough: number;
    readonly leastHits: number;
  },
): Promise<number> {
  await using queue = await KilledQueue.make();
  const send = async (afterMs: number | null, ...flags: string[]) =>
    await queue.run(["send", "--concurrency", "4", ...flags], afterMs) === null;
  await queue.enqueueFolder(150, 0, null);
  const aim = new Aim(await timed(() => send(null)));
  for (let round = 0; round < rounds && queue.kills < enough; round++) {
    await queue.enqueueFolder(150, 0, null);
    await Promise.all([
      inLanes(2, 8, async () => aim.note(await send(aim.moment(), "--no-lock"))),
      // Passes as cron starts them: they take the lock, or leave if it is held.
      inLanes(1, 3, async () => void await send(aim.moment())),
    ]);
  }
  await queue.finish();
  const repeated = await queue.check();
  assert.ok(queue.kills >= leastHits, `only ${queue.kills} were hit`);
  return repeated;
}
