import type { Claim } from "../../queue/claim.ts";
import type { WorkerHandle } from "../../queue/ports/claims.ts";
import { groupByRoute } from "../outlets/routes.ts";
import type { PassOptions } from "../pass.ts";
import type { Postponer } from "./postponer.ts";
import type { Rates, UsedUp } from "../outlets/rates.ts";
import type { Outlet } from "../outlets/outlet.ts";
import type { Outlets } from "../outlets/outlets.ts";
import type { RoundOptions } from "./round.ts";

/** How much work is claimed ahead of need, at the speed of the moment; urgent mail waits for it. */
const AHEAD_MS = 20;
/** Messages claimed ahead of need at most: a commit each would halve the speed of a fast relay. */
const AHEAD = 512;
/** With so much done in that time the relay is fast. */
const FAST = 32;
/** Messages in hand at most, where a relay that is slow would keep the others from theirs. */
const IN_HAND = 1_024;
/** Bytes of bodies in hand at most; nothing is claimed ahead of need where there is half of that. */
const BYTES_IN_HAND = 16 * 1024 * 1024;
/** A relay whose rate has room again so soon is waited for. */
export const SHORT_WAIT_MS = 2_000;

/** How a pass lets mail be claimed. */
export interface ClaimTools {
  /** How many more messages may be started. */
  readonly room: number;
  readonly isStopping: () => boolean;
  /** Does work whose failure ends the pass. */
  readonly guarded: (work: () => Promise<void>) => Promise<void>;
  /** Told of messages met that had expired. */
  readonly onExpired: (count: number) => void;
  readonly onEnd: () => void;
}

/** Takes mail out of the queue a little ahead of need, and puts it in hand for its relay. */
export class Claimer {
  /** What claims at the moment. */
  claiming: Promise<void> | null = null;
  /** The last claim found nothing, and nothing has ended since. */
  isDry = false;
  /** Nothing more is claimed, since its time is over. */
  isCutShort = false;
  #isListening = false;
  #finished = 0;
  /** Hand-overs a millisecond. */
  #perMs = 0;
  #measuredAt = 0;
  #finishedThen = 0;

  constructor(
    readonly options: PassOptions,
    readonly worker: WorkerHandle,
    readonly outlets: Outlets,
    readonly rates: Rates,
    readonly postponer: Postponer,
    readonly how: RoundOptions,
  ) {}

  /** Notes that a hand-over has ended. */
  noteFinished(): void {
    this.#finished++;
    this.isDry = false;
  }

  /** Claims beside what is being handed over, if it is time to. */
  claimIfShort(tools: ClaimTools): void {
    if (this.claiming !== null || this.isDry || !this.#isShort) return;
    this.isCutShort = this.how.mayClaim?.() === false;
    this.isDry = this.isCutShort;
    if (this.isCutShort) return;
    this.claiming = tools.guarded(() => this.#claim(tools)).then(() => {
      this.claiming = null;
      tools.onEnd();
    });
  }

  /** Where nothing was left to claim: claims again once there may be more, however long the
   *  hand-overs under way still take. */
  listen(over: AbortSignal, onMore: () => void): void {
    if (this.how.news === null || this.#isListening || !this.isDry) return;
    this.#isListening = true;
    void this.how.news(over, this.isCutShort).then((isThere) => {
      this.#isListening = false;
      if (!isThere) return;
      this.isDry = false;
      onMore();
    });
  }

  /** Whether more is to be claimed now: a relay with room has nothing to do, or a fast one soon
   *  will have. */
  get #isShort(): boolean {
    const { inHand } = this.outlets;
    if (inHand >= IN_HAND) return false;
    // A fast relay takes all that is in hand while the next claim is under way.
    const enough = this.outlets.isFast ? this.#soon() : this.#soon() / 2;
    return inHand < enough && this.outlets.bytesInHand < BYTES_IN_HAND / 2 ||
      this.outlets.room > 0 && this.outlets.next() === null;
  }

  /** Claims until a relay with room has mail, or there is none to be had. `room` is how many more
   *  messages may be started. */
  async #claim({ room, isStopping, onExpired }: ClaimTools): Promise<void> {
    const { store, ids } = this.options;
    this.#measure();
    while (!isStopping() && this.#isShort) {
      const { inHand } = this.outlets;
      const { claims, expired } = await store.claimDue({
        worker: this.worker,
        limit: Math.min(this.#limit(room), IN_HAND - inHand),
        ...(ids === undefined ? {} : { ids }),
        onlyUntried: this.how.onlyUntried,
        bodyBytes: Math.max(0, BYTES_IN_HAND - this.outlets.bytesInHand),
      });
      onExpired(expired);
      for (const claim of claims) this.assign(claim);
      await this.postponer.flush();
      if (claims.length > 0) continue;
      this.isDry = true;
      return;
    }
  }

  /** Puts a claim in hand for the relay of its first recipients. Where no relay is usable, or a
   *  rate is used up, it is postponed. */
  assign(claim: Claim): void {
    const domain = this.rates.usedUpDomain(claim);
    if (domain !== null) return this.postponer.addUsedUp(claim, claim.recipients, domain);
    const groups = groupByRoute(claim, this.options.routes);
    for (const { relays } of groups) {
      const outlet = this.outlets.firstUsable(relays);
      if (outlet === null) continue;
      if (this.#isLongBlocked(outlet)) {
        this.postponer.addUsedUp(claim, claim.recipients, blocked(outlet));
      } else outlet.waiting.push(claim);
      return;
    }
    for (const group of groups) this.postponer.addUnreached(claim, group);
  }

  /** Lets a claim wait for the rate that is used up: in hand for a moment, or for as long as the
   *  relay is the only one; else in the queue, that it does not keep others from their relays. */
  async letWait(claim: Claim, by: UsedUp): Promise<void> {
    const { outlet } = by;
    if (outlet !== null && !this.#isLongBlocked(outlet)) {
      outlet.waiting.unshift(claim);
      return;
    }
    this.postponer.addUsedUp(claim, claim.recipients, by);
    if (outlet !== null) { for (const one of outlet.waiting.takeAll()) this.assign(one); }
    await this.postponer.flush();
  }

  #isLongBlocked(outlet: Outlet): boolean {
    const now = this.options.clock.now();
    return this.outlets.all.length > 1 && outlet.isBlocked(now + SHORT_WAIT_MS);
  }

  /** As many as will be handed over in the next moment, going by the last: a slow relay's queue
   *  is claimed one by one and urgent mail overtakes, a fast one's many in a commit. */
  #limit(mayStart: number): number {
    return Math.max(1, Math.min(mayStart, this.outlets.room), this.#soon());
  }

  /** How many will be handed over in the next moment; 0 where each one that is started counts. */
  #soon(): number {
    const { maxBatch, maxDeferred, throttleMs } = this.options;
    if (maxBatch !== null || maxDeferred !== null || throttleMs > 0) return 0;
    return Math.min(Math.floor(this.#perMs * AHEAD_MS), AHEAD);
  }

  /** Measures the speed of the moment, over a span that tells something. */
  #measure(): void {
    const now = this.options.clock.now();
    const elapsedMs = now - this.#measuredAt;
    const finished = this.#finished - this.#finishedThen;
    if (elapsedMs < AHEAD_MS / 4 && finished < FAST / 2) return;
    this.#perMs = finished / Math.max(1, elapsedMs);
    this.#finishedThen = this.#finished;
    this.#measuredAt = now;
    this.outlets.isFast = this.#soon() >= FAST;
  }
}

function blocked(outlet: Outlet): UsedUp {
  return {
    outlet,
    until: outlet.blockedUntil ?? 0,
    reason: `the rate of the relay ${outlet.name} is used up`,
  };
}
