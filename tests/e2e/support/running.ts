import assert from "node:assert/strict";
import type { Store } from "../../../src/queue/ports/store.ts";
import { openStore } from "../../../src/store/open.ts";
import { endChild, Heard } from "../../support/child.ts";
import type { Mailq, RunOptions } from "../../support/mailq.ts";
import { systemClock, systemRandom } from "../../../src/system/time.ts";

/** A command that was started and goes on, and what it says on stderr. */
export class Running implements AsyncDisposable {
  #hasEnded = false;
  readonly #stderr: Heard;
  readonly #stdout: Promise<string>;

  private constructor(readonly child: Deno.ChildProcess) {
    this.#stderr = new Heard(child.stderr);
    this.#stdout = new Response(child.stdout).text();
  }

  static async start(
    mailq: Mailq,
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<Running> {
    return new Running(await mailq.spawn(args, options));
  }

  /** The service, once it is up. */
  static async service(mailq: Mailq, ...flags: string[]): Promise<Running> {
    const running = await Running.start(mailq, ["run", "--verbose", ...flags]);
    await running.said(/sending from/);
    return running;
  }

  /** Resolves once stderr has a match; fails if the command ends before. */
  async said(pattern: RegExp): Promise<void> {
    await this.#stderr.said(pattern);
  }

  /** Waits for what the command is to bring about; fails if it ends before that. */
  async meanwhile(event: Promise<void>): Promise<void> {
    let hasCome = false;
    const end = this.child.status.then(async ({ code }) => {
      await this.#stderr.end;
      assert.ok(hasCome, `it ended with ${code}: ${this.stderr}`);
    });
    // Of an end that comes later nobody needs to know.
    end.catch(() => {});
    await Promise.race([event.then(() => void (hasCome = true)), end]);
  }

  /** What it has said so far. */
  get stderr(): string {
    return this.#stderr.text;
  }

  /** Waits for its end; it must exit 0. Returns what it printed. */
  async ended(): Promise<string> {
    const { code, signal } = await this.child.status;
    this.#hasEnded = true;
    await this.#stderr.end;
    assert.deepEqual([code, signal], [0, null], this.stderr);
    return await this.#stdout;
  }

  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    this.child.kill(signal);
    await this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await endChild(this.child);
    await this.#stderr.end;
    await this.#stdout;
  }
}

/** Opens a command's queue in this process. */
export async function openQueue(mailq: Mailq): Promise<Store> {
  return await openStore(mailq.queue, {
    create: true,
    isWorker: true,
    clock: systemClock,
    random: systemRandom,
  });
}

/** Resolves once the queue is as it is to be; it is looked at after each change. */
export async function until(
  store: Store,
  isSo: (store: Store) => Promise<boolean>,
): Promise<void> {
  await store.changed(AbortSignal.abort());
  const never = new AbortController().signal;
  while (!await isSo(store)) await store.changed(never);
}
