// The service (`mailq run`): a round over the queue, then a pause until there is something to do,
// for ever. The command starts it and hands in the settings. One round is in `pass.ts`; what is
// done beside sending is in `housekeeping.ts` and `search_indexer.ts`, its registration in
// `service_worker.ts`.

import { type ErrorCode, MailqError } from "../queue/errors.ts";
import type { Claims } from "../queue/ports/claims.ts";
import type { EventLog } from "../queue/ports/events.ts";
import type { Operator } from "../queue/ports/operator.ts";
import type { Reader } from "../queue/ports/reader.ts";
import { Housekeeping, type Retention } from "./housekeeping.ts";
import type { PassMachine, PassOptions } from "./options.ts";
import { type PassResult, type RoundEnd, runRound } from "./pass.ts";
import { QueueWatcher } from "./queue_watcher.ts";
import type { MoreToClaim, Pace } from "./pace.ts";
import { SearchIndexer } from "./search_indexer.ts";
import { IDLE_BEAT_MS, ServiceWorker } from "./service_worker.ts";

/** What the service does; read anew before each round. */
export interface ServicePlan {
  readonly pass: Omit<PassOptions, "store" | "machine" | "signal">;
  /** The longest pause between two rounds, in ms. */
  readonly intervalMs: number;
  readonly retention: Retention;
}

/** The plan in force, which may change while the service runs. */
interface ServicePlans {
  /** The same object until it changes. */
  current(): ServicePlan;
  /** Calls back when the plan has changed, until disposed of. */
  onChange(listener: () => void): Disposable;
}

export interface ServiceOptions {
  readonly store: Claims & Reader & Operator & EventLog;
  readonly plans: ServicePlans;
  readonly machine: PassMachine;
  /** Told to stop: messages whose bytes go out are finished, the rest given back. */
  readonly signal: AbortSignal;
  /** One round only, for cron. */
  readonly isOnce: boolean;
  readonly onRound?: (result: PassResult) => Promise<void>;
  /** Called at the end of each round; resolves to whether it has queued mail. */
  readonly afterRound?: () => Promise<boolean>;
  /** Called as the service goes on: it will again within `ms`. */
  readonly onProgress?: (ms: number) => void;
  /** A round has ended well. */
  readonly onWell?: () => void;
  /** What went wrong in a round that the service goes on after. */
  readonly onTrouble?: (error: MailqError) => void;
}

/** New mail keeps a round going for so long; then what else is due has its turn. */
const ROUND_MS = 10_000;
/** A relay that wants less is waited for so long within a round. */
const PATIENCE_MS = 2_000;
/** A hand-over that keeps a round from its end for so long is not waited for. */
const STUCK_MS = 1_000;
/** No step of a round takes longer: a purge of a million messages. */
const STEP_MS = 10 * 60_000;

/** Trouble of the queue that is waited out. */
const PASSING: readonly ErrorCode[] = ["disk_full", "busy", "io_error"];

/** Sends as soon as mail is committed, requeues deferred mail when it is due, takes over the
 *  claims of dead workers, expires and purges, until told to stop. A full disk or a busy queue is
 *  waited out, and so is a right that it had and lost; any other error of the store rejects. If the
 *  process dies, another takes over at once what it had in hand. */
export async function runService(options: ServiceOptions): Promise<void> {
  const { signal, isOnce } = options;
  const service = new Service(options);
  try {
    do {
      const end = await service.round();
      if (!isOnce && !signal.aborted) await service.pause(end);
    } while (!isOnce && !signal.aborted);
  } finally {
    await service.close();
  }
}

/** What is known of when the next round is due. */
interface ServiceRound extends Pick<RoundEnd, "isCutShort" | "resumeAt"> {
  readonly startedAt: number;
}

class Service {
  readonly #watcher: QueueWatcher;
  readonly #worker: ServiceWorker;
  readonly #housekeeping: Housekeeping;
  readonly #indexer: SearchIndexer;
  /** Until then the round may claim. */
  #claimsUntil = 0;
  /** A round has ended well. */
  #wasWell = false;
  #isWatching = false;
  /** Relays that answered in the round before, by the plan of that one. */
  #proven = new Set<string>();
  #provenBy: ServicePlan | null = null;

  constructor(readonly options: ServiceOptions) {
    const { store, machine: { clock, wait } } = options;
    const worker = this.#worker = new ServiceWorker(store, clock);
    this.#watcher = new QueueWatcher(store);
    this.#housekeeping = new Housekeeping({ store, clock, worker });
    this.#indexer = new SearchIndexer({ store, clock, wait });
  }

  /** Does everything that is due. */
  async round(): Promise<ServiceRound> {
    const { store, machine, signal, plans, isOnce, onRound } = this.options;
    const startedAt = machine.clock.now();
    const plan = plans.current();
    this.#progress();
    this.#claimsUntil = startedAt + ROUND_MS;
    if (this.#provenBy !== plan) this.#proven = new Set();
    this.#provenBy = plan;
    let end: Pick<RoundEnd, "isCutShort" | "resumeAt"> = { isCutShort: false, resumeAt: null };
    await this.#outlast(async () => {
      await this.#beginWatch();
      const worker = await this.#worker.fresh();
      await store.requeueDue();
      let waiting: Promise<unknown> = Promise.resolve();
      const pace = this.#paceOf(plan, (more) => waiting = more);
      const round = await runRound(
        {
          ...plan.pass,
          // There is more to do than to wait for a relay that wants less.
          limits: { ...plan.pass.limits, patienceMs: isOnce ? undefined : PATIENCE_MS },
          store,
          machine,
          signal,
          onAttempt: (...attempt) => {
            plan.pass.onAttempt?.(...attempt);
            this.#worker.beatSoon();
            this.#progress();
          },
        },
        { worker, pace, proven: this.#proven },
      ).finally(() => waiting);
      end = round;
      if (!round.isAbandoned) await this.#worker.noteIdle();
      await this.#housekeeping.keep(plan.retention, plan.pass.onNews);
      if (await this.options.afterRound?.()) end = { ...round, isCutShort: true };
      if (onRound !== undefined) await onRound(await round.result());
      this.#wasWell = true;
      this.options.onWell?.();
    });
    return { ...end, startedAt };
  }

  /** Nothing that is committed after the first round's beginning is missed. */
  async #beginWatch(): Promise<void> {
    if (this.#isWatching || this.options.isOnce) return;
    await this.options.store.changed(AbortSignal.abort());
    this.#isWatching = true;
  }

  /** How a round claims. `onWait` learns of each wait for more, which may outlast the round. */
  #paceOf(plan: ServicePlan, onWait: (more: Promise<unknown>) => void): Pace {
    const { plans, isOnce, machine: { clock } } = this.options;
    if (isOnce) return { onlyUntried: true, mayClaim: () => true };
    return {
      onlyUntried: false,
      // When the settings change, what is claimed from then on goes out by the new ones.
      mayClaim: () => plans.current() === plan && clock.now() < this.#claimsUntil,
      moreToClaim: (wanted) => {
        const more = this.#moreToClaim(wanted, plan);
        onWait(more);
        return more;
      },
    };
  }

  /** A round that goes on only because a hand-over takes long must hold up no other mail: waits for
   *  what `pause` waits for, and does what is due between two rounds. True if there may be more to
   *  claim. */
  async #moreToClaim(
    { signal, isCutShort }: MoreToClaim,
    { retention, pass: { onNews } }: ServicePlan,
  ): Promise<boolean> {
    const { store, machine: { clock, wait } } = this.options;
    this.#progress();
    try {
      if (isCutShort) await wait(STUCK_MS, signal);
      else {
        // What became due since the last claim is sent at once.
        const due = await store.nextDueAt(this.#claimsUntil - ROUND_MS);
        const waitMs = Math.min((due ?? Infinity) - clock.now(), IDLE_BEAT_MS);
        if (waitMs > 0) await Promise.race([this.#watcher.changed(), wait(waitMs, signal)]);
      }
      if (signal.aborted) return false;
      this.#watcher.take();
      const claimsUntil = clock.now() + ROUND_MS;
      await this.#housekeeping.requeue();
      await this.#housekeeping.keep(retention, onNews);
      this.#claimsUntil = claimsUntil;
      return true;
    } catch {
      // The next round meets the same trouble, and reports it.
      return false;
    }
  }

  /** Waits for a change of the queue by anybody, the next message or relay to become due, a new
   *  plan, the interval's end, or the signal. */
  async pause({ startedAt, isCutShort, resumeAt }: ServiceRound): Promise<void> {
    const { store, plans, signal, machine: { clock, wait } } = this.options;
    if (isCutShort) return;
    const over = new AbortController();
    const stop = () => over.abort();
    using _change = plans.onChange(stop);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const beganAt = clock.now();
    let until = beganAt + plans.current().intervalMs;
    let indexed = Promise.resolve();
    try {
      await this.#outlast(async () => {
        // What was due before the round began is not waited for: it could do nothing about it, if the
        // queue is paused, say, and rounds would follow each other without end.
        const due = await store.nextDueAt(startedAt);
        until = Math.min(until, due ?? Infinity, resumeAt ?? Infinity);
        const changed = this.#watcher.changed().then(stop);
        // It may outlast this pause.
        changed.catch(() => {});
        indexed = this.#indexer.run(over.signal);
        // A clock that is set back ends the pause: nobody knows what is due now.
        while (!over.signal.aborted && clock.now() < until && clock.now() >= beganAt) {
          const waitMs = Math.min(until - clock.now(), IDLE_BEAT_MS);
          this.#progress(waitMs);
          const waited = wait(waitMs, over.signal);
          await Promise.race([changed, waited]);
          await this.#worker.beat(IDLE_BEAT_MS);
        }
        this.#watcher.take();
        over.abort();
      });
      // Only where the queue itself is in trouble there is anything left to wait for.
      const restMs = Math.min(until - clock.now(), until - beganAt);
      this.#progress(Math.max(0, restMs));
      if (!over.signal.aborted) await wait(Math.max(0, restMs), over.signal);
    } finally {
      over.abort();
      signal.removeEventListener("abort", stop);
      await indexed;
    }
  }

  #progress(ms = STEP_MS): void {
    this.options.onProgress?.(ms);
  }

  async close(): Promise<void> {
    await this.#watcher.close();
    await this.#worker.close();
  }

  /** Runs `work`; trouble that passes by itself is told and survived. */
  async #outlast(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#worker.spoil();
      if (!(error instanceof MailqError) || this.options.isOnce) throw error;
      // A right that it had before may be given back: a database's password is changed, say.
      const isPassing = PASSING.includes(error.code) ||
        error.code === "permission" && this.#wasWell;
      if (!isPassing) throw error;
      this.options.onTrouble?.(error);
    }
  }
}
