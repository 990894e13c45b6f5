import assert from "node:assert/strict";
import { waitForEnd } from "../../../src/app/follow/wait.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import { TestApp } from "../../support/app.ts";
import { attemptOf, type Ending, enqueued } from "../../support/queue_messages.ts";

/** A queue seen by two processes: one waits, the other works. */
class TwoStores implements AsyncDisposable {
  readonly ended: string[] = [];
  /** Resolves when the wait has looked at the queue and waits for a change. */
  readonly isWaiting = Promise.withResolvers<void>();

  private constructor(readonly app: TestApp, readonly waiting: Store, readonly working: Store) {}

  static async make(): Promise<TwoStores> {
    const app = await TestApp.make();
    const settings = await app.settings();
    const working = await app.openQueue(settings, { create: true });
    return new TwoStores(app, await app.openQueue(settings, { create: false }), working);
  }

  async wait(ids: readonly string[], timeoutMs: number | null): Promise<string[]> {
    const { waiting, isWaiting } = this;
    const store = {
      list: waiting.list.bind(waiting),
      changed(signal: AbortSignal) {
        if (!signal.aborted) isWaiting.resolve();
        return waiting.changed(signal);
      },
    };
    const open = await waitForEnd(this.app, store, {
      ids,
      timeoutMs,
      onEnd: ({ id, status }) => this.ended.push(`${id} ${status}`),
    });
    return open.map(({ id, status }) => `${id} ${status}`);
  }

  /** Ends the next message in the queue. */
  async end(ending: Ending): Promise<void> {
    const { working: store } = this;
    const worker = await store.registerWorker("send");
    const { claims: [claim] } = await store.claimDue({ worker, limit: 1, onlyUntried: true });
    assert.ok(claim !== undefined);
    await store.record([attemptOf(claim, ending)]);
    await worker.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app[Symbol.asyncDispose]();
  }
}

Deno.test("wait: ends when another process has ended the last message", async () => {
  await using stores = await TwoStores.make();
  const one = await enqueued(stores.working);
  const two = await enqueued(stores.working);
  await stores.end("sent");
  const waiting = stores.wait([one, two], null);
  await stores.isWaiting.promise;
  assert.deepEqual(stores.ended, [`${one} sent`]);
  await stores.end("failed");
  assert.deepEqual(await waiting, []);
  assert.deepEqual(stores.ended, [`${one} sent`, `${two} failed`]);
});

Deno.test("wait: a deferred message has not ended, and the time is up", async () => {
  await using stores = await TwoStores.make();
  const id = await enqueued(stores.working);
  await stores.end({ retryAt: stores.app.clock.now() + 9 });
  const waiting = stores.wait([id], 60_000);
  await stores.isWaiting.promise;
  stores.app.advance(60_000);
  assert.deepEqual(await waiting, [`${id} deferred`]);
  assert.deepEqual(stores.ended, []);
});

Deno.test("wait: told to stop it tells what is left; what was purged is gone", async () => {
  await using stores = await TwoStores.make();
  const gone = await enqueued(stores.working);
  await stores.end("sent");
  await stores.working.purge({ ids: [gone] }, { finalBefore: null, includeOpen: false });
  const id = await enqueued(stores.working);
  const waiting = stores.wait([gone, id], null);
  await stores.isWaiting.promise;
  stores.app.stop();
  assert.deepEqual(await waiting, [`${id} queued`]);
});
