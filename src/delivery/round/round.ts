// One round over the queue, from above: claim a little ahead, start a message wherever a relay has
// room, sleep until something changes, stop when there is nothing left or a reason to. `pass.ts`
// makes and runs it. Every step is in a file of its own: claimer, deliver_claim, recorder,
// postponer, left_over; when to stop is in allowance (limits) and stopper (signal, failure).

import type { Claim } from "../../queue/claim.ts";
import type { WorkerHandle } from "../../queue/ports/claims.ts";
import type { PassOptions, PassState } from "../options.ts";
import type { Outlet } from "../outlets/outlet.ts";
import { Outlets } from "../outlets/outlets.ts";
import type { Pauses } from "../outlets/pauses.ts";
import { Rates, type UsedUp } from "../outlets/rates.ts";
import { Returned } from "../outlets/returned.ts";
import { groupByRoute, type RouteGroup } from "../outlets/routes.ts";
import { Allowance, type StopReason } from "./allowance.ts";
import { Change } from "./change.ts";
import { Claimer, SHORT_WAIT_MS } from "./claimer.ts";
import { Counts } from "./counts.ts";
import { deliverClaim, type DeliverTools } from "./deliver_claim.ts";
import type { Delivered, Later } from "./delivered.ts";
import { LeftOver } from "./left_over.ts";
import type { Pace } from "../pace.ts";
import { Postponer } from "./postponer.ts";
import { Recorder } from "./recorder.ts";
import { RelayNotes } from "./relay_notes.ts";
import { Stopper } from "./stopper.ts";

/** How long a round waits, with nothing else to do, for a relay that wants less. */
const PATIENCE_MS = 60_000;

interface RoundTools {
  readonly worker: WorkerHandle;
  readonly outlets: readonly Outlet[];
  readonly pauses: Pauses;
  readonly pace: Pace;
}

/** Runs once. */
export class Round {
  readonly counts = new Counts();
  #inFlight = 0;
  readonly #change = new Change();
  readonly #outlets: Outlets;
  readonly #rates: Rates;
  readonly #allowance: Allowance;
  readonly #stopper: Stopper;
  readonly #postponer: Postponer;
  readonly #claimer: Claimer;
  readonly #recorder: Recorder;
  readonly #leftOver: LeftOver;
  readonly #returned = new Returned();
  /** When the loop is woken for mail that waits for a time; null = it is not. */
  #alarmAt: number | null = null;
  #waitsFor: string | null = null;
  readonly #tools: DeliverTools;

  constructor(readonly options: PassOptions, { worker, outlets: all, pauses, pace }: RoundTools) {
    const { store, limits, judging, machine, signal, onAttempt, onNews } = options;
    const { finishMs } = limits;
    const { clock, wait } = machine;
    const { counts } = this;
    const change = this.#change;
    const outlets = this.#outlets = new Outlets(all, { isOneByOne: limits.throttleMs > 0, clock });
    const rates = this.#rates = new Rates(store, clock, options.outlets.ratePerDomain);
    const stopper = this.#stopper = new Stopper({ signal, wait, change, finishMs });
    const allowance = this.#allowance = new Allowance({ limits, signal, outlets, counts, stopper });
    const recorder = this.#recorder = new Recorder({
      store,
      wait,
      onAttempt,
      stopper,
    });
    const postponer = this.#postponer = new Postponer({ store, outlets, clock });
    const leftOver = this.#leftOver = new LeftOver({ store, outlets, recorder, stopper });
    const claimer = this.#claimer = new Claimer(options, {
      worker,
      pace,
      outlets,
      rates,
      pauses,
      postponer,
      allowance,
      stopper,
      counts,
      change,
    });
    const relayNotes = new RelayNotes({
      store,
      clock,
      allowance,
      claimer,
      leftOver,
      recorder,
      counts,
      onNews,
    });
    this.#tools = {
      store,
      worker,
      judging,
      machine,
      signal: stopper.signal,
      outlets,
      rates,
      pauses,
      recorder,
      relayNotes,
      returned: this.#returned,
      stopper,
    };
  }

  /** It ended since `Pace.mayClaim` said no: there may be more to do. */
  get isCutShort(): boolean {
    return this.#claimer.isCutShort;
  }

  /** Hand-overs were left in the middle when there was no more time: what they had in hand is noted. */
  get isAbandoned(): boolean {
    return this.#stopper.isAbandoned;
  }

  /** Why nothing more was started; null if nothing was left. */
  get stoppedBy(): StopReason | null {
    return this.#allowance.stoppedBy;
  }

  /** When a relay whose rate was used up, or that wants less, may be used again. */
  get blockedUntil(): number | null {
    return this.#allowance.blocked?.until ?? null;
  }

  get state(): PassState {
    const { counts: { sent, notSent } } = this;
    return { done: sent + notSent, inFlight: this.#inFlight, waitsFor: this.#waitsFor };
  }

  /** Runs the round to its end. Rejects with the first failure of our own, once all is recorded and
   *  given back as far as the store lets us. */
  async run(): Promise<void> {
    this.#stopper.start();
    await this.#stopper.guarded(() => this.#loop());
    this.#stopper.end();
    await this.#finish();
    this.#stopper.rethrow();
  }

  async #loop(): Promise<void> {
    for (;;) {
      this.#change.clear();
      if (this.#room > 0) {
        this.#claimer.claimIfShort(this.#room);
        const outlet = this.#outlets.next();
        if (outlet !== null) {
          const asked = this.#startNext(outlet);
          if (asked !== null) await asked;
          continue;
        }
      }
      if (this.#allowance.isStopping) {
        await this.#claimer.claiming;
        await this.#leftOver.giveBack();
      }
      if (this.#stopper.isAbandoned) return;
      if (this.#inFlight > 0 || this.#claimer.claiming !== null) {
        if (!this.#allowance.isStopping) {
          this.#claimer.listen();
          this.#setAlarm();
        }
        await this.#change.wait();
      } else if (!await this.#waitForTime()) return;
    }
  }

  get #room(): number {
    return this.#allowance.room(this.#inFlight);
  }

  /** Starts the next message of a relay; where a rate has to be asked for, resolves after that. */
  #startNext(outlet: Outlet): Promise<void> | null {
    const claim = outlet.waiting.shift();
    if (claim === undefined) return null;
    // A pause may have come since it was claimed: the relay has refused its sender.
    if (this.#tools.pauses.ofClaim(claim) !== null) {
      this.#claimer.assign(claim);
      return null;
    }
    const groups = groupByRoute(claim, this.options.outlets.routes);
    const paid = groups.flatMap(({ relays }) => this.#outlets.firstUsable(relays) ?? []);
    if (this.#rates.isFree(paid)) {
      void this.#deliver(claim, groups, paid);
      return null;
    }
    return this.#stopper.guarded(async () => {
      const usedUp = await this.#takeShares(claim, paid);
      if (usedUp !== null) return await this.#claimer.letWait(claim, usedUp);
      // Much may have happened meanwhile.
      if (this.#allowance.isStopping) return this.#leftOver.add(claim);
      if (outlet.isDown) return this.#claimer.assign(claim);
      void this.#deliver(claim, groups, paid);
    });
  }

  async #takeShares(claim: Claim, outlets: readonly Outlet[]): Promise<UsedUp | null> {
    try {
      return await this.#rates.takeFor(claim, [...new Set(outlets)]);
    } catch (error) {
      this.#leftOver.add(claim);
      throw error;
    }
  }

  /** Sends a message, and notifies the loop when it is done. `paid`: the relays whose shares have
   *  been taken. Never rejects. */
  async #deliver(
    claim: Claim,
    groups: readonly RouteGroup[],
    paid: readonly Outlet[],
  ): Promise<void> {
    this.#inFlight++;
    try {
      const delivered = await deliverClaim(claim, groups, paid, this.#tools);
      if (delivered.end.kind !== "abandoned") {
        await this.#conclude(claim, delivered);
        // What was abandoned may still be read, and what comes again will be.
        if (delivered.later === null) claim.release?.();
      }
    } catch (error) {
      this.#stopper.fail(error);
    }
    this.#inFlight--;
    this.#claimer.noteFinished();
    this.#change.notify();
  }

  /** Counts a message, and sees to its recipients that were not reached. */
  async #conclude(claim: Claim, delivered: Delivered): Promise<void> {
    const { unreached, usedUp, end } = delivered;
    if (end.kind === "rest") {
      if (end.trouble !== null) this.#stopper.fail(end.trouble.error);
      this.#leftOver.add(claim);
    } else if (unreached.length + usedUp.length > 0) {
      // The attempts of the claim first: once it is postponed they would find it gone.
      await this.#recorder.flush();
      if (this.#recorder.holds(claim)) return;
      for (const group of unreached) this.#postponer.addUnreached(claim, group);
      for (const { group, by } of usedUp) this.#postponer.addUsedUp(claim, group.recipients, by);
      await this.#postponer.flush();
    }
    if (delivered.later === null) this.counts.add(this.#returned.whole(claim, delivered));
    else await this.#comeAgain(claim, delivered, delivered.later);
    const { limits: { throttleMs }, machine: { wait } } = this.options;
    if (throttleMs > 0 && !this.#allowance.isStopping) await wait(throttleMs, this.#stopper.signal);
  }

  /** Puts recipients in hand again that the relay wants later. */
  async #comeAgain(claim: Claim, delivered: Delivered, later: Later): Promise<void> {
    const { outlet, recipients, at, isTold } = later;
    this.#returned.note(claim, { changes: delivered.changes, isTold });
    const rest = { ...claim, recipients };
    if (delivered.end.kind === "rest") return;
    if (!outlet.isUsable) {
      await this.#recorder.flush();
      if (this.#recorder.holds(claim)) return;
      this.#claimer.assign(rest);
      await this.#postponer.flush();
    } else if (this.#allowance.isStopping) this.#leftOver.add(rest);
    else if (at === null) outlet.waiting.unshift(rest);
    else outlet.waiting.delay(rest, at);
  }

  /** Wakes the loop when mail in hand that waits for a time may be started. */
  #setAlarm(): void {
    const { clock, wait } = this.options.machine;
    const until = this.#outlets.blocked()?.until ?? null;
    if (until === null || this.#alarmAt !== null && this.#alarmAt <= until) return;
    this.#alarmAt = until;
    void wait(Math.max(1, until - clock.now()), this.#stopper.over).then(() => {
      if (this.#alarmAt === until) this.#alarmAt = null;
      this.#change.notify();
    });
  }

  /** Where all that is left waits for a rate, or for a relay that wants less: waits for it and returns
   *  true, or returns false if it takes too long for this round. */
  async #waitForTime(): Promise<boolean> {
    const { limits: { patienceMs = PATIENCE_MS }, machine: { clock, wait } } = this.options;
    const now = clock.now();
    const blocked = this.#allowance.isStopping ? null : this.#outlets.blocked();
    if (blocked === null) return false;
    const { outlet, until } = blocked;
    const isThrottled = !outlet.isBlocked(now);
    if (until - now > (isThrottled ? patienceMs : SHORT_WAIT_MS)) {
      this.#allowance.blocked = { until, isThrottled };
      await this.#leftOver.giveBack();
      return false;
    }
    this.#waitsFor = isThrottled
      ? `the relay ${outlet.name}, which wants less mail at a time`
      : `the rate of the relay ${outlet.name}`;
    await wait(Math.max(1, until - now), this.#stopper.signal);
    this.#waitsFor = null;
    this.#claimer.isDry = false;
    return true;
  }

  /** Records, postpones and gives back what is left, and closes the connections. */
  async #finish(): Promise<void> {
    const closing = this.#outlets.closeIdle();
    await this.#recorder.flush();
    await this.#stopper.guarded(() => this.#postponer.flush());
    await this.#leftOver.giveBack();
    for (const changes of this.#returned.left()) this.counts.addReturned(changes);
    await closing;
  }
}
