// Takes mail out of the queue a little ahead of need, beside what is being handed over, and puts
// each message in hand for its relay. The round says when there is room; how far ahead is decided
// here by the speed of the moment. Mail that has to wait goes to the postponer.

import type { Claim } from "../../queue/claim.ts";
import type { WorkerHandle } from "../../queue/ports/claims.ts";
import type { PassOptions } from "../options.ts";
import type { Outlet } from "../outlets/outlet.ts";
import type { Outlets } from "../outlets/outlets.ts";
import type { Pauses } from "../outlets/pauses.ts";
import { type Rates, relayUsedUp, type UsedUp } from "../outlets/rates.ts";
import { groupByRoute } from "../outlets/routes.ts";
import type { Allowance } from "./allowance.ts";
import type { Change } from "./change.ts";
import type { Counts } from "./counts.ts";
import type { Pace } from "../pace.ts";
import type { Postponer } from "./postponer.ts";
import type { Stopper } from "./stopper.ts";

/** How much work is claimed ahead of need, in ms at the speed of the moment: urgent mail that comes
 *  waits for it. */
const AHEAD_MS = 20;
/** Messages claimed ahead of need at most; with one commit for each a fast relay would get half. */
const AHEAD = 512;
/** With so many messages in that time the relay is fast. */
const FAST = 32;
/** Messages in hand at most, so that mail for a slow relay does not keep the others without. */
const IN_HAND = 1_024;
/** Bytes of bodies in hand at most; from half of that on nothing is claimed ahead of need. */
const BYTES_IN_HAND = 16 * 1024 * 1024;
/** Of them, for a relay that was found to bear little, where there are others. */
const IN_HAND_OF_SLOW = 64;
/** The rest of its mail waits in the queue. */
const SLOW_WAIT_MS = 60_000;
/** A relay whose rate has room again so soon is waited for. */
export const SHORT_WAIT_MS = 2_000;

interface ClaimerTools {
  readonly worker: WorkerHandle;
  readonly pace: Pace;
  readonly outlets: Outlets;
  readonly rates: Rates;
  readonly pauses: Pauses;
  readonly postponer: Postponer;
  readonly allowance: Allowance;
  readonly stopper: Stopper;
  /** Messages met that had expired are counted. */
  readonly counts: Counts;
  /** Notified when a claim has ended, and when there may be more to claim. */
  readonly change: Change;
}

/** Claims for one round. */
export class Claimer {
  /** The claim that is under way; null while there is none. */
  claiming: Promise<void> | null = null;
  /** The last claim found nothing, and nothing has ended since. */
  isDry = false;
  /** Nothing more is claimed: `Pace.mayClaim` has said no. */
  isCutShort = false;
  #isListening = false;
  #finished = 0;
  /** Hand-overs a millisecond. */
  #perMs = 0;
  #measuredAt = 0;
  #finishedThen = 0;

  constructor(readonly options: PassOptions, readonly tools: ClaimerTools) {}

  /** Notes that a hand-over has ended. */
  noteFinished(): void {
    this.#finished++;
    this.isDry = false;
  }

  /** Claims beside what is being handed over, if it is time to. `room` is how many more messages
   *  may be started. */
  claimIfShort(room: number): void {
    if (this.claiming !== null || this.isDry || !this.#isShort) return;
    const { pace, stopper, change } = this.tools;
    this.isCutShort = !pace.mayClaim();
    this.isDry = this.isCutShort;
    if (this.isCutShort) return;
    this.claiming = stopper.guarded(() => this.#claim(room)).then(() => {
      this.claiming = null;
      change.notify();
    });
  }

  /** Where nothing was left to claim: claims again once there may be more, however long the
   *  hand-overs under way still take. */
  listen(): void {
    const { pace, stopper, change } = this.tools;
    if (pace.moreToClaim === undefined || this.#isListening || !this.isDry) return;
    this.#isListening = true;
    const wanted = { signal: stopper.over, isCutShort: this.isCutShort };
    void pace.moreToClaim(wanted).then((isThere) => {
      this.#isListening = false;
      if (!isThere) return;
      this.isDry = false;
      change.notify();
    });
  }

  /** Whether more is to be claimed now: a relay with room has nothing to do, or a fast one soon
   *  will have. */
  get #isShort(): boolean {
    const { outlets } = this.tools;
    const { inHand } = outlets;
    if (inHand >= IN_HAND) return false;
    // A fast relay takes all that is in hand while the next claim is under way.
    const enough = outlets.isFast ? this.#soon() : this.#soon() / 2;
    return inHand < enough && outlets.bytesInHand < BYTES_IN_HAND / 2 ||
      outlets.room > 0 && outlets.next() === null || outlets.isWantingNext;
  }

  /** Claims until a relay with room has mail, or there is none to be had. */
  async #claim(room: number): Promise<void> {
    const { store, ids, onNews } = this.options;
    const { worker, pace, outlets, pauses, postponer, allowance, counts } = this.tools;
    this.#measure();
    while (!allowance.isStopping && this.#isShort) {
      const { inHand } = outlets;
      const { claims, expired } = await store.claimDue({
        worker,
        limit: Math.min(this.#limit(room), IN_HAND - inHand),
        ...(ids === undefined ? {} : { ids }),
        onlyUntried: pace.onlyUntried,
        bodyBytes: Math.max(0, BYTES_IN_HAND - outlets.bytesInHand),
      });
      counts.failed += expired;
      if (expired > 0) onNews?.({ type: "message.expired", count: expired });
      if (claims.length > 0) outlets.pause(pauses.replace(await store.pauses()));
      for (const claim of claims) this.assign(claim);
      await postponer.flush();
      if (claims.length > 0) continue;
      this.isDry = true;
      return;
    }
  }

  /** Puts a claim in hand for the relay of its first recipients. Where no relay can be used, or a
   *  rate is used up, it is to be postponed. */
  assign(claim: Claim): void {
    const { outlets, rates, pauses, postponer } = this.tools;
    const paused = pauses.ofClaim(claim);
    if (paused !== null) {
      postponer.addPaused(claim, paused);
      const others = claim.recipients.filter((one) => !paused.recipients.includes(one));
      if (others.length > 0) this.assign({ ...claim, recipients: others });
      return;
    }
    const usedUp = rates.usedUpDomain(claim);
    if (usedUp !== null) return postponer.addUsedUp(claim, claim.recipients, usedUp);
    const groups = groupByRoute(claim, this.options.outlets.routes);
    for (const { relays } of groups) {
      const outlet = outlets.firstUsable(relays);
      if (outlet === null) continue;
      if (this.#isLongBlocked(outlet)) {
        const until = outlet.blockedUntil ?? 0;
        postponer.addUsedUp(claim, claim.recipients, relayUsedUp(outlet, until));
      } else if (this.#isInTheWay(outlet)) {
        const until = this.options.machine.clock.now() + SLOW_WAIT_MS;
        const reason = `the relay ${outlet.name} takes its mail slowly`;
        postponer.addUsedUp(claim, claim.recipients, { outlet, until, reason });
      } else outlet.waiting.push(claim);
      return;
    }
    for (const group of groups) postponer.addUnreached(claim, group);
  }

  /** Lets a claim wait for a rate that is used up: in hand, where that is for a moment or the relay
   *  is the only one; else in the queue, so that it does not keep other mail from other relays. */
  async letWait(claim: Claim, usedUp: UsedUp): Promise<void> {
    const { outlet } = usedUp;
    if (outlet !== null && !this.#isLongBlocked(outlet)) return outlet.waiting.unshift(claim);
    const { postponer } = this.tools;
    postponer.addUsedUp(claim, claim.recipients, usedUp);
    for (const other of outlet?.waiting.takeAll() ?? []) this.assign(other);
    await postponer.flush();
  }

  /** Whether more mail of a slow relay would keep the others' from them. */
  #isInTheWay({ throttle, waiting }: Outlet): boolean {
    return throttle.isSlow && waiting.length >= IN_HAND_OF_SLOW &&
      this.tools.outlets.all.length > 1;
  }

  #isLongBlocked(outlet: Outlet): boolean {
    const now = this.options.machine.clock.now();
    return this.tools.outlets.all.length > 1 && outlet.isBlocked(now + SHORT_WAIT_MS);
  }

  /** As many as will be handed over in the next moment, going by the last: a slow relay's queue
   *  is claimed one by one and urgent mail overtakes, a fast one's many in a commit. */
  #limit(mayStart: number): number {
    return Math.max(1, Math.min(mayStart, this.tools.outlets.room), this.#soon());
  }

  /** How many will be handed over in the next moment; 0 where each one that is started counts. */
  #soon(): number {
    const { maxBatch, maxDeferred, throttleMs } = this.options.limits;
    if (maxBatch !== null || maxDeferred !== null || throttleMs > 0) return 0;
    return Math.min(Math.floor(this.#perMs * AHEAD_MS), AHEAD);
  }

  /** Measures the speed of the moment, over a span that tells something. */
  #measure(): void {
    const now = this.options.machine.clock.now();
    const elapsedMs = now - this.#measuredAt;
    const finished = this.#finished - this.#finishedThen;
    if (elapsedMs < AHEAD_MS / 4 && finished < FAST / 2) return;
    this.#perMs = finished / Math.max(1, elapsedMs);
    this.#finishedThen = this.#finished;
    this.#measuredAt = now;
    this.tools.outlets.isFast = this.#soon() >= FAST;
  }
}
