import { MailqError } from "../queue/errors.ts";
import type { Clock, Store } from "../queue/ports.ts";
import type { WorkerHandle } from "../queue/worker.ts";
import type { MessageStatus } from "../queue/state.ts";
import { type PassOptions, type PassResult, runRound } from "./pass.ts";

/** What the service does beside sending; read anew before each round. */
export interface ServicePlan {
  readonly pass: PassOptions;
  /** The longest pause between two rounds. */
  readonly intervalMs: number;
  /** Finished mail is purged after this time; null = never. */
  readonly retention: { readonly sentMs: number | null; readonly failedMs: number | null };
}

export interface ServiceOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly plan: () => ServicePlan;
  /** Told to stop: what is in DATA is finished, the rest given back. */
  readonly signal: AbortSignal;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** One round only, for cron. */
  readonly isOnce: boolean;
  readonly onRound?: (result: PassResult) => void;
  /** What went wrong in a round that the service goes on after. */
  readonly onTrouble?: (error: MailqError) => void;
}

const PURGE_EVERY_MS = 60 * 60_000;

/** Sends as soon as mail is committed, requeues deferred mail when it is due, takes over the
 *  claims of dead workers, expires and purges, until told to stop. A full disk or a busy queue is
 *  waited out; any other error of the store rejects. If the process dies, another takes over at
 *  once what it had in hand. */
export async function runService(options: ServiceOptions): Promise<void> {
  const { store, signal, isOnce } = options;
  const worker = await store.registerWorker("run");
  const service = new Service(options, worker);
  try {
    do {
      const resumeAt = await service.round();
      if (!isOnce && !signal.aborted) await service.pause(resumeAt);
    } while (!isOnce && !signal.aborted);
  } finally {
    await worker.close();
  }
}

class Service {
  #purgedAt: number | null = null;

  constructor(readonly options: ServiceOptions, readonly worker: WorkerHandle) {}

  /** Does everything that is due; returns when a relay may be used again that had to wait. */
  async round(): Promise<number | null> {
    const { store, plan, onRound, onTrouble, isOnce } = this.options;
    try {
      await store.retry({}, true);
      const result = await (await runRound(plan().pass, this.worker, isOnce))();
      this.worker.noteIdle();
      await this.worker.beat();
      await this.#purge();
      onRound?.(result);
      return result.resumeAt;
    } catch (error) {
      const isPassing = error instanceof MailqError &&
        (error.code === "disk_full" || error.code === "busy" || error.code === "io_error");
      if (!isPassing || isOnce) throw error;
      onTrouble?.(error);
      return null;
    }
  }

  /** Waits for a change of the queue by anybody, the next message to become due, the interval's
   *  end, or the signal. */
  async pause(resumeAt: number | null): Promise<void> {
    const { store, clock, plan, signal, wait } = this.options;
    const now = clock.now();
    const times = [await store.nextDueAt(), resumeAt].filter((at) => at !== null);
    const untilDue = Math.max(0, Math.min(...times, now + plan().intervalMs) - now);
    const over = new AbortController();
    const stop = () => over.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      await Promise.race([store.changed(over.signal), wait(untilDue, over.signal)]);
    } finally {
      over.abort();
      signal.removeEventListener("abort", stop);
    }
  }

  async #purge(): Promise<void> {
    const { clock, plan } = this.options;
    const now = clock.now();
    if (this.#purgedAt !== null && now - this.#purgedAt < PURGE_EVERY_MS) return;
    this.#purgedAt = now;
    const { sentMs, failedMs } = plan().retention;
    await this.#purgeOlder(["sent"], sentMs);
    await this.#purgeOlder(["failed", "partial"], failedMs);
  }

  async #purgeOlder(statuses: readonly MessageStatus[], ageMs: number | null): Promise<void> {
    if (ageMs === null) return;
    const { store, clock } = this.options;
    await store.purge({ statuses }, { finalBefore: clock.now() - ageMs, includeOpen: false });
  }
}
