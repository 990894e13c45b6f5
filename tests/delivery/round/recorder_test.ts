import assert from "node:assert/strict";
import { Recorder } from "../../../src/delivery/round/recorder.ts";
import type { AttemptRecord, Claim } from "../../../src/queue/claim.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import type { WorkerHandle } from "../../../src/queue/ports/claims.ts";
import { alteredStore } from "../altered_store.ts";
import { QueueFile } from "../queue_file.ts";
import { RECORD_MS, Waits } from "../waits.ts";

/** A recorder on a real queue whose writes are counted, and can be made to fail or to wait. */
class Desk implements AsyncDisposable {
  readonly waits = new Waits();
  readonly groups: number[] = [];
  readonly recorded: { readonly id: string; readonly isLost: boolean }[] = [];
  readonly failures: unknown[] = [];
  fail: Error | null = null;
  readonly recorder: Recorder;

  private constructor(
    readonly queue: QueueFile,
    readonly worker: WorkerHandle,
    readonly claims: readonly Claim[],
  ) {
    const store: Store = alteredStore(queue.store, {
      record: (attempts: readonly AttemptRecord[]) => {
        this.groups.push(attempts.length);
        return this.fail === null ? queue.store.record(attempts) : Promise.reject(this.fail);
      },
    });
    this.recorder = new Recorder({
      store,
      wait: this.waits.wait,
      onAttempt: ({ claim }, { isClaimLost }) =>
        this.recorded.push({ id: claim.id, isLost: isClaimLost }),
      stopper: { fail: (error) => void this.failures.push(error) },
    });
  }

  static async with(count: number): Promise<Desk> {
    const queue = await QueueFile.make();
    await queue.addMany(count);
    const worker = await queue.store.registerWorker("send");
    const { claims } = await queue.store.claimDue({ worker, limit: count, onlyUntried: true });
    return new Desk(queue, worker, claims);
  }

  add(first: number, count: number): void {
    for (const claim of this.claims.slice(first, first + count)) this.recorder.add(sent(claim));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.close();
    await this.queue[Symbol.asyncDispose]();
  }
}

function sent(claim: Claim): AttemptRecord {
  return {
    claim,
    startedAt: claim.lifeFrom,
    durationMs: 1,
    relay: "test",
    host: null,
    tls: null,
    result: "sent",
    code: 250,
    enhanced: null,
    reply: "Ok",
    error: null,
    traceback: null,
    transcript: null,
    changes: claim.recipients.map(({ n, address, failures }) => ({
      suppresses: false,
      n,
      address,
      outcome: "sent",
      state: "sent",
      reason: null,
      nextAt: null,
      failures,
      code: 250,
      enhanced: null,
      reply: "Ok",
    })),
    endsClaim: true,
  };
}

Deno.test("recorder: attempts wait 20 ms for others and go in one commit", async () => {
  await using desk = await Desk.with(3);
  desk.add(0, 3);
  assert.deepEqual(desk.waits.asked, [RECORD_MS]);
  assert.deepEqual(desk.groups, []);
  desk.waits.pass(RECORD_MS);
  await desk.recorder.flush();
  assert.deepEqual(desk.groups, [3]);
  assert.deepEqual(await desk.queue.statuses(), { sent: 3 });
});

Deno.test("recorder: 512 attempts wait no longer, and no commit has more", async () => {
  await using desk = await Desk.with(1_026);
  desk.add(0, 1_026);
  assert.equal(desk.waits.open(RECORD_MS), 1, "the timers of full groups are stopped");
  await desk.recorder.flush();
  assert.deepEqual(desk.groups, [512, 512, 2]);
  assert.equal(desk.waits.open(RECORD_MS), 0);
  assert.equal(desk.recorded.length, 1_026);
});

Deno.test("recorder: a group's wait begins with its first attempt", async () => {
  await using desk = await Desk.with(3);
  desk.add(0, 1);
  desk.waits.pass(RECORD_MS);
  await Promise.resolve();
  desk.add(1, 2);
  assert.deepEqual(desk.waits.asked, [RECORD_MS, RECORD_MS]);
  await desk.recorder.flush();
  assert.deepEqual(desk.groups, [1, 2]);
});

Deno.test("recorder: nothing taken, nothing written", async () => {
  await using desk = await Desk.with(0);
  await desk.recorder.flush();
  assert.deepEqual(desk.groups, []);
});

Deno.test("recorder: each attempt is told of once it is on disk", async () => {
  await using desk = await Desk.with(2);
  desk.add(0, 2);
  assert.deepEqual(desk.recorded, []);
  await desk.recorder.flush();
  assert.deepEqual(desk.recorded, desk.claims.map(({ id }) => ({ id, isLost: false })));
});

Deno.test("recorder: a claim that was lost is told as such", async () => {
  await using desk = await Desk.with(1);
  await desk.worker.close();
  desk.add(0, 1);
  await desk.recorder.flush();
  assert.deepEqual(desk.recorded.map((one) => one.isLost), [true]);
});

Deno.test("recorder: what could not be written is told, and tried once more at the end", async () => {
  await using desk = await Desk.with(3);
  desk.fail = new Error("disk full");
  desk.add(0, 2);
  desk.waits.pass(RECORD_MS);
  await desk.recorder.flush();
  assert.deepEqual(desk.failures, [desk.fail]);
  assert.deepEqual(desk.recorded, []);
  desk.fail = null;
  desk.add(2, 1);
  await desk.recorder.flush();
  assert.deepEqual(desk.groups.at(-1), 3, "all that is not on disk yet");
  assert.deepEqual(await desk.queue.statuses(), { sent: 3 });
});

Deno.test("recorder: a listener that throws is a failure, and nothing is recorded twice", async () => {
  await using desk = await Desk.with(1);
  const recorder = new Recorder({
    ...desk.recorder.tools,
    onAttempt() {
      throw new Error("nobody listens");
    },
  });
  for (const claim of desk.claims) recorder.add(sent(claim));
  await recorder.flush();
  await recorder.flush();
  assert.deepEqual(desk.groups, [1]);
  assert.match(String(desk.failures[0]), /nobody listens/);
});
