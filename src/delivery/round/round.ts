import { afterFault, HEALTHY } from "../../queue/policy/breaker.ts";
import type { Claim } from "../../queue/claim.ts";
import type { WorkerHandle } from "../../queue/ports/claims.ts";
import { Change } from "./change.ts";
import { Claimer, SHORT_WAIT_MS } from "./claimer.ts";
import { Counts } from "./counts.ts";
import { deliverClaim, type Delivered, type DeliverTools } from "./deliver_claim.ts";
import { type Group, groupByRoute } from "../outlets/routes.ts";
import type { PassOptions, StopReason } from "../pass.ts";
import { Postponer } from "./postponer.ts";
import { Rates, type UsedUp } from "../outlets/rates.ts";
import { Recorder } from "./recorder.ts";
import type { Outlet } from "../outlets/outlet.ts";
import { Outlets } from "../outlets/outlets.ts";

/** How long a message in DATA may still take once we were told to stop. */
const FINISH_MS = 60_000;

/** How one pass is run. */
export interface RoundOptions {
  /** Leave out what this worker has tried before. */
  readonly onlyUntried: boolean;
  /** Asked before each claim: once it says no the round ends; null = only when the queue is empty. */
  readonly mayClaim: (() => boolean) | null;
  /** Asked where hand-overs alone keep the round going: resolves to true once there may be more
   *  to claim, to false at `signal`. Null = the round waits for what it has in hand. */
  readonly news: ((signal: AbortSignal, isCutShort: boolean) => Promise<boolean>) | null;
}

/** The scheduler of one pass. */
export class Round {
  readonly counts = new Counts();
  /** When a relay whose rate was used up may be used again. */
  blockedUntil: number | null = null;
  #inFlight = 0;
  readonly #outlets: Outlets;
  readonly #rates: Rates;
  readonly #postponer: Postponer;
  readonly #claimer: Claimer;
  readonly #recorder: Recorder;
  readonly #tools: DeliverTools;
  /** Claims to be given back. */
  #leftOver: Claim[] = [];
  /** What went wrong on our side, if anything did. */
  #broken: { readonly error: unknown } | null = null;
  /** Aborted when hand-overs are to end: by the caller, or since something is broken. */
  readonly #stop = new AbortController();
  /** The hand-overs still in flight are waited for no longer. */
  #isAbandoned = false;
  readonly #change = new Change();

  constructor(
    readonly options: PassOptions,
    readonly worker: WorkerHandle,
    outlets: readonly Outlet[],
    readonly how: RoundOptions,
  ) {
    const { store, clock } = options;
    this.#outlets = new Outlets(outlets, options.throttleMs > 0, clock);
    this.#rates = new Rates(store, clock, options.ratePerDomain);
    this.#postponer = new Postponer(store, this.#outlets, clock);
    this.#claimer = new Claimer(
      options,
      worker,
      this.#outlets,
      this.#rates,
      this.#postponer,
      how,
    );
    this.#recorder = new Recorder({
      store,
      wait: options.wait,
      onRecorded: (attempt, isLost) => options.onAttempt?.(attempt, isLost),
      onFailure: (error) => this.#fail(error),
    });
    this.#tools = {
      store,
      worker,
      clock,
      random: options.random,
      policy: options.policy,
      rules: options.rules,
      errorHandler: options.errorHandler,
      signal: this.#stop.signal,
      firstUsable: (relays) => this.#outlets.firstUsable(relays),
      takeShare: (outlet) => this.#rates.takeOf(outlet),
      record: (attempt) => this.#recorder.add(attempt),
      onRelayFault: (outlet, error) => this.#leaveAlone(outlet, error),
      onRelayProven: (outlet) => this.#prove(outlet),
      isAbandoned: () => this.#isAbandoned,
    };
  }

  /** It ended for `mayClaim`: there may be more to do. */
  get isCutShort(): boolean {
    return this.#claimer.isCutShort;
  }

  /** Why nothing more is started; once there is a reason it stays. */
  get stoppedBy(): StopReason | null {
    const { maxBatch, maxDeferred, signal } = this.options;
    if (signal.aborted) return "signal";
    if (this.#outlets.areAllDown) return "relay";
    if (maxBatch !== null && this.counts.delivered >= maxBatch) return "max_batch";
    if (maxDeferred !== null && this.counts.notSent >= maxDeferred) return "max_deferred";
    return this.blockedUntil === null ? null : "rate";
  }

  async run(): Promise<void> {
    const { signal, wait } = this.options;
    const over = new AbortController();
    const abandon = () => {
      if (over.signal.aborted) return;
      this.#isAbandoned = true;
      this.#change.notify();
    };
    this.#stop.signal.addEventListener("abort", () => {
      this.#change.notify();
      void wait(FINISH_MS, over.signal).then(abandon);
    }, { once: true });
    const stop = () => this.#stop.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    await this.#guarded(() => this.#loop(over.signal));
    over.abort();
    signal.removeEventListener("abort", stop);
    await this.#end();
    if (this.#broken !== null) throw this.#broken.error;
  }

  async #loop(over: AbortSignal): Promise<void> {
    for (;;) {
      this.#change.clear();
      if (this.#room() > 0) {
        this.#claimer.claimIfShort({
          room: this.#room(),
          isStopping: () => this.#isStopping(),
          guarded: (work) => this.#guarded(work),
          onExpired: (count) => this.counts.failed += count,
          onEnd: () => this.#change.notify(),
        });
        const outlet = this.#outlets.next();
        if (outlet !== null) {
          const asked = this.#startNext(outlet);
          if (asked !== null) await asked;
          continue;
        }
      }
      if (this.#isStopping()) {
        await this.#claimer.claiming;
        await this.#giveBackAll();
      }
      if (this.#isAbandoned) return;
      if (this.#inFlight > 0 || this.#claimer.claiming !== null) {
        if (!this.#isStopping()) this.#claimer.listen(over, () => this.#change.notify());
        await this.#change.wait();
      } else if (!await this.#waitForRate()) return;
    }
  }

  #isStopping(): boolean {
    return this.#broken !== null || this.stoppedBy !== null;
  }

  /** How many more messages may be started now, whatever the relay. */
  #room(): number {
    if (this.#isStopping()) return 0;
    const { maxBatch, maxDeferred, throttleMs } = this.options;
    // What is in flight may yet become sent or deferred: it uses up both allowances.
    return Math.min(
      throttleMs > 0 ? 1 : Infinity,
      maxBatch === null ? Infinity : maxBatch - this.counts.delivered,
      maxDeferred === null ? Infinity : maxDeferred - this.counts.notSent,
    ) - this.#inFlight;
  }

  /** Starts the next message of a relay; where a rate has to be asked for, resolves after that. */
  #startNext(outlet: Outlet): Promise<void> | null {
    const claim = outlet.waiting.shift();
    if (claim === undefined) return null;
    const groups = groupByRoute(claim, this.options.routes);
    const outlets = groups.flatMap(({ relays }) => this.#outlets.firstUsable(relays) ?? []);
    if (this.#rates.isFree(outlets)) {
      void this.#deliver(claim, groups, outlets);
      return null;
    }
    return this.#guarded(async () => {
      const usedUp = await this.#takeShares(claim, outlets);
      if (usedUp !== null) return await this.#claimer.letWait(claim, usedUp);
      // Much may have happened meanwhile.
      if (this.#isStopping()) return void this.#leftOver.push(claim);
      if (outlet.isDown) return this.#claimer.assign(claim);
      void this.#deliver(claim, groups, outlets);
    });
  }

  async #deliver(
    claim: Claim,
    groups: readonly Group[],
    outlets: readonly Outlet[],
  ): Promise<void> {
    this.#inFlight++;
    try {
      const delivered = await deliverClaim(claim, groups, outlets, this.#tools);
      await this.#settle(claim, delivered);
      // What was abandoned may still be read.
      if (delivered.end.kind !== "abandoned") claim.release?.();
    } catch (error) {
      this.#fail(error);
    }
    this.#inFlight--;
    this.#claimer.noteFinished();
    this.#change.notify();
  }

  async #takeShares(claim: Claim, outlets: readonly Outlet[]): Promise<UsedUp | null> {
    try {
      return await this.#rates.takeFor(claim, [...new Set(outlets)]);
    } catch (error) {
      this.#leftOver.push(claim);
      throw error;
    }
  }

  /** Whether waiting for a relay's rate is worth it; if not, the pass ends. */
  async #waitForRate(): Promise<boolean> {
    const now = this.options.clock.now();
    const until = this.#isStopping() ? null : this.#outlets.blockedUntil();
    if (until === null) return false;
    if (until - now > SHORT_WAIT_MS) {
      this.blockedUntil = until;
      await this.#giveBackAll();
      return false;
    }
    await this.options.wait(Math.max(1, until - now), this.#stop.signal);
    this.#claimer.isDry = false;
    return true;
  }

  async #settle(claim: Claim, delivered: Delivered): Promise<void> {
    const { unreached, usedUp, end } = delivered;
    if (end.kind === "abandoned") return;
    if (end.kind === "rest" && end.trouble !== null) this.#fail(end.trouble.error);
    if (end.kind === "rest") this.#leftOver.push(claim);
    else if (unreached.length + usedUp.length > 0) {
      // What was tried of the claim first, or its record would find the claim gone.
      await this.#recorder.flush();
      if (this.#recorder.holds(claim)) return;
      for (const group of unreached) this.#postponer.addUnreached(claim, group);
      for (const { group, by } of usedUp) this.#postponer.addUsedUp(claim, group.recipients, by);
      await this.#postponer.flush();
    }
    this.counts.add(delivered);
    const { throttleMs, wait } = this.options;
    if (throttleMs > 0 && !this.#isStopping()) await wait(throttleMs, this.#stop.signal);
  }

  async #leaveAlone(outlet: Outlet, error: string): Promise<void> {
    if (outlet.isDown) return;
    outlet.error = error;
    const { store, clock } = this.options;
    outlet.health = await store.noteRelay(
      outlet.name,
      (health) => afterFault(health, error, clock.now()),
    );
    // Its mail in hand goes by another relay, or waits.
    const waiting = outlet.waiting.takeAll();
    if (this.stoppedBy === "relay") this.#leftOver.push(...waiting);
    else for (const claim of waiting) this.#claimer.assign(claim);
  }

  async #prove(outlet: Outlet): Promise<void> {
    outlet.isProven = true;
    if (outlet.health.failures === 0) return;
    outlet.health = await this.options.store.noteRelay(outlet.name, () => HEALTHY);
  }

  /** Gives back what is in hand and not started. */
  async #giveBackAll(): Promise<void> {
    const inHand = [...this.#leftOver.splice(0), ...this.#outlets.takeWaiting()];
    if (inHand.length === 0) return;
    // What was tried of a claim first, or its record would find the claim gone.
    if (!this.#isAbandoned) await this.#recorder.flush();
    // What could not be recorded may have gone out: the worker's end closes it as uncertain.
    const claims = inHand.filter((claim) => !this.#recorder.holds(claim));
    await this.#guarded(() => this.options.store.giveBack(claims));
  }

  /** Records and frees what is left. */
  async #end(): Promise<void> {
    const closing = this.#outlets.closeIdle();
    await this.#recorder.flush();
    await this.#guarded(() => this.#postponer.flush());
    await this.#giveBackAll();
    await closing;
  }

  #fail(error: unknown): void {
    this.#broken ??= { error };
    this.#stop.abort();
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(error);
    }
  }
}
