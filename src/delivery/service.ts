import { MailqError } from "../queue/errors.ts";
import type { Store } from "../queue/ports/store.ts";
import type { MessageStatus } from "../queue/state.ts";
import type { WorkerHandle } from "../queue/ports/claims.ts";
import { QueueWatcher } from "./queue_watcher.ts";
import { type PassOptions, type PassResult, runRound } from "./pass.ts";
import type { Clock, Wait } from "../system/time.ts";

/** What the service does; read anew before each round. */
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
  /** Calls back when the plan has changed, until disposed of. */
  readonly onPlanChange: (listener: () => void) => Disposable;
  /** Told to stop: what is in DATA is finished, the rest given back. */
  readonly signal: AbortSignal;
  readonly wait: Wait;
  /** One round only, for cron. */
  readonly isOnce: boolean;
  readonly onRound?: (result: PassResult) => Promise<void>;
  /** What went wrong in a round that the service goes on after. */
  readonly onTrouble?: (error: MailqError) => void;
}

/** So long the queue must have been quiet before the search index is brought up to date … */
const LULL_MS = 1_000;
/** … unless this did not happen for as long as this. */
const INDEX_AT_LEAST_MS = 60_000;
const PURGE_EVERY_MS = 60 * 60_000;
/** A service that goes round shows it this often; more would wake its like for nothing. */
const BEAT_EVERY_MS = 10_000;
/** Nor does one that waits stay silent for longer. */
const BEAT_AT_LEAST_MS = 60_000;
/** New mail keeps a round going for so long; then what else is due has its turn. */
const ROUND_MS = 10_000;
/** A hand-over that keeps a round so long from its end is not waited for. */
const STUCK_MS = 1_000;

/** Sends as soon as mail is committed, requeues deferred mail when it is due, takes over the
 *  claims of dead workers, expires and purges, until told to stop. A full disk or a busy queue is
 *  waited out; any other error of the store rejects. If the process dies, another takes over at
 *  once what it had in hand. */
export async function runService(options: ServiceOptions): Promise<void> {
  const { store, signal, isOnce } = options;
  const service = new Service(options);
  try {
    // Begins the watch: nothing that is committed from here on is missed.
    if (!isOnce) await store.changed(AbortSignal.abort());
    do {
      const end = await service.round();
      if (!isOnce && !signal.aborted) await service.pause(end);
    } while (!isOnce && !signal.aborted);
  } finally {
    await service.close();
  }
}

/** What is known of when the next round is due. */
interface ServiceRound {
  readonly startedAt: number;
  /** There is more to do at once. */
  readonly isCutShort: boolean;
  /** A relay that had to wait may be used again then. */
  readonly resumeAt: number | null;
}

class Service {
  #worker: WorkerHandle | null = null;
  /** Something went wrong while it had mail in hand: what it still holds is freed by closing it. */
  #isWorkerSpoilt = false;
  #beatAt: number | null = null;
  #roundAt: number | null = null;
  #beating: Promise<void> | null = null;
  #purgedAt: number | null = null;
  #indexedAt: number | null = null;
  /** Until then the round may claim. */
  #claimsUntil = 0;
  readonly #watcher: QueueWatcher;
  /** Relays that answered in the round before, by the settings of that one. */
  #proven = new Set<string>();
  #provenBy: ServicePlan | null = null;

  constructor(readonly options: ServiceOptions) {
    this.#watcher = new QueueWatcher(options.store);
  }

  /** Does everything that is due. */
  async round(): Promise<ServiceRound> {
    const { store, clock, plan, onRound, isOnce } = this.options;
    const startedAt = clock.now();
    const current = plan();
    const { pass, retention } = current;
    // What is claimed from the moment on that the settings change goes out by the new ones.
    const mayClaim = () => plan() === current && clock.now() < this.#claimsUntil;
    this.#claimsUntil = startedAt + ROUND_MS;
    if (this.#provenBy !== current) this.#proven = new Set();
    this.#provenBy = current;
    let listening: Promise<unknown> = Promise.resolve();
    const news = (signal: AbortSignal, isCutShort: boolean) => {
      const heard = this.#hear(signal, isCutShort, retention);
      listening = heard;
      return heard;
    };
    let end: Omit<ServiceRound, "startedAt"> = { isCutShort: false, resumeAt: null };
    await this.#outlast(async () => {
      const worker = await this.#freshWorker();
      await store.requeueDue();
      const round = await runRound(
        {
          ...pass,
          onAttempt: (attempt, isLost) => {
            pass.onAttempt?.(attempt, isLost);
            this.#beatSoon(worker);
          },
        },
        worker,
        {
          onlyUntried: isOnce,
          mayClaim: isOnce ? null : mayClaim,
          news: isOnce ? null : news,
        },
        this.#proven,
      ).finally(() => listening);
      end = round;
      await this.#beating;
      worker.noteIdle();
      await this.#keepHouse(retention);
      if (onRound !== undefined) await onRound(await round.result());
    });
    return { ...end, startedAt };
  }

  /** Waits for a change of the queue by anybody, the next message or relay to become due, a new
   *  plan, the interval's end, or the signal. */
  async pause({ startedAt, isCutShort, resumeAt }: ServiceRound): Promise<void> {
    const { store, clock, plan, onPlanChange, signal, wait } = this.options;
    if (isCutShort) return;
    const over = new AbortController();
    const stop = () => over.abort();
    using _change = onPlanChange(stop);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    let until = clock.now() + plan().intervalMs;
    let indexed = Promise.resolve();
    try {
      await this.#outlast(async () => {
        // What was due before the round began is not waited for: it could do nothing about it.
        const due = await store.nextDueAt(startedAt);
        until = Math.min(until, due ?? Infinity, resumeAt ?? Infinity);
        const changed = this.#watcher.changed().then(stop);
        // It may outlast this pause.
        changed.catch(() => {});
        indexed = this.#index(over.signal);
        while (!over.signal.aborted && clock.now() < until) {
          const waited = wait(Math.min(until - clock.now(), BEAT_AT_LEAST_MS), over.signal);
          await Promise.race([changed, waited]);
          if (this.#worker !== null) await this.#beat(this.#worker, BEAT_AT_LEAST_MS);
        }
        this.#watcher.take();
        over.abort();
      });
      // Only where the queue itself is in trouble there is anything left to wait for.
      if (!over.signal.aborted) await wait(Math.max(0, until - clock.now()), over.signal);
    } finally {
      over.abort();
      signal.removeEventListener("abort", stop);
      await indexed;
    }
  }

  /** A round that goes on only because a hand-over takes long is to hold up no other mail: waits for
   *  what `pause` waits for, and does what is due between two rounds. True if there may be more to
   *  claim. */
  async #hear(
    signal: AbortSignal,
    isCutShort: boolean,
    retention: ServicePlan["retention"],
  ): Promise<boolean> {
    const { store, clock, wait } = this.options;
    try {
      if (isCutShort) await wait(STUCK_MS, signal);
      else {
        // What became due since the last claim is at once.
        const due = await store.nextDueAt(this.#claimsUntil - ROUND_MS);
        const waitMs = Math.min((due ?? Infinity) - clock.now(), BEAT_AT_LEAST_MS);
        if (waitMs > 0) await Promise.race([this.#watcher.changed(), wait(waitMs, signal)]);
      }
      if (signal.aborted) return false;
      this.#watcher.take();
      const claimsUntil = clock.now() + ROUND_MS;
      await store.takeOver();
      await store.requeueDue();
      await this.#keepHouse(retention);
      this.#claimsUntil = claimsUntil;
      return true;
    } catch {
      // The next round meets the same trouble, and reports it.
      return false;
    }
  }

  async #keepHouse(retention: ServicePlan["retention"]): Promise<void> {
    await this.#noteRound();
    if (this.#worker !== null) await this.#beat(this.#worker, BEAT_EVERY_MS);
    await this.#purge(retention);
  }

  /** Brings the search index up to date while there is nothing else to do. No mail waits for it:
   *  whatever goes wrong is left for a round, or for a search, to meet. */
  async #index(signal: AbortSignal): Promise<void> {
    const { store, clock, wait } = this.options;
    try {
      if (this.#isRecent(this.#indexedAt, INDEX_AT_LEAST_MS)) await wait(LULL_MS, signal);
      if (signal.aborted) return;
      this.#indexedAt = clock.now();
      await store.bringSearchUpToDate(signal);
    } catch {
      // As said above.
    }
  }

  async close(): Promise<void> {
    await this.#watcher.close();
    await this.#worker?.close();
  }

  /** Runs `work`; what passes by itself is told and survived. */
  async #outlast(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#isWorkerSpoilt = true;
      const isPassing = error instanceof MailqError &&
        (error.code === "disk_full" || error.code === "busy" || error.code === "io_error");
      if (!isPassing || this.options.isOnce) throw error;
      this.options.onTrouble?.(error);
    }
  }

  async #freshWorker(): Promise<WorkerHandle> {
    await this.#beating;
    if (this.#isWorkerSpoilt) await this.#worker?.close();
    if (this.#isWorkerSpoilt || this.#worker === null) {
      this.#worker = null;
      this.#worker = await this.options.store.registerWorker("run");
      this.#isWorkerSpoilt = false;
    }
    return this.#worker;
  }

  /** Shows that the service lives, unless it did so within `everyMs`. */
  async #beat(worker: WorkerHandle, everyMs: number): Promise<void> {
    if (this.#isRecent(this.#beatAt, everyMs)) return;
    this.#beatAt = this.options.clock.now();
    await worker.beat();
  }

  async #noteRound(): Promise<void> {
    if (this.#isRecent(this.#roundAt, BEAT_EVERY_MS)) return;
    this.#roundAt = this.options.clock.now();
    await this.options.store.noteRound();
  }

  #isRecent(at: number | null, withinMs: number): boolean {
    const now = this.options.clock.now();
    return at !== null && now >= at && now - at < withinMs;
  }

  /** In the middle of a round, which may be long. */
  #beatSoon(worker: WorkerHandle): void {
    this.#beating ??= this.#beat(worker, BEAT_EVERY_MS)
      // The next write of the round meets the same trouble, and reports it.
      .catch(() => {}).finally(() => this.#beating = null);
  }

  async #purge(retention: ServicePlan["retention"]): Promise<void> {
    const { clock } = this.options;
    if (this.#isRecent(this.#purgedAt, PURGE_EVERY_MS)) return;
    this.#purgedAt = clock.now();
    await this.#purgeOlder(["sent"], retention.sentMs);
    await this.#purgeOlder(["failed", "partial"], retention.failedMs);
  }

  async #purgeOlder(statuses: readonly MessageStatus[], ageMs: number | null): Promise<void> {
    if (ageMs === null) return;
    const { store, clock } = this.options;
    await store.purge({ statuses }, { finalBefore: clock.now() - ageMs, includeOpen: false });
  }
}
