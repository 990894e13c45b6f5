import type { Claim } from "../queue/message.ts";
import type { WorkerHandle } from "../queue/worker.ts";
import { groupByRoute } from "./groups.ts";
import type { PassOptions } from "./pass.ts";
import type { Postponer } from "./postponer.ts";
import type { Rates, UsedUp } from "./rates.ts";
import type { RelayLine } from "./relay_line.ts";
import type { RelayLines } from "./relay_lines.ts";

/** How much work is claimed ahead of need, at the speed of the moment; urgent mail waits for it. */
const AHEAD_MS = 20;
/** Messages claimed ahead of need at most: a commit each would halve the speed of a fast relay. */
const AHEAD = 64;
/** Messages in hand at most, where a relay that is slow would keep the others from theirs. */
const IN_HAND = 256;
/** A relay whose rate has room again so soon is waited for. */
export const SHORT_WAIT_MS = 2_000;

/** Takes mail out of the queue a little ahead of need, and puts it in line for its relay. */
export class Claimer {
  /** Hand-overs that have ended. */
  finished = 0;
  /** Messages met that had expired. */
  expired = 0;
  #finishedAtClaim = 0;
  #claimedAt = 0;

  constructor(
    readonly options: PassOptions,
    readonly worker: WorkerHandle,
    readonly lines: RelayLines,
    readonly rates: Rates,
    readonly postponer: Postponer,
    readonly onlyUntried: boolean,
  ) {}

  /** Claims until a relay with room has mail, or there is none to be had. `room` is how many more
   *  messages may be started. */
  async claim(room: number, isStopping: () => boolean): Promise<void> {
    const { store, ids, clock } = this.options;
    while (!isStopping() && this.lines.next() === null) {
      const { inHand } = this.lines;
      if (this.lines.room === 0 || inHand >= IN_HAND) return;
      const { claims, expired } = await store.claimDue({
        worker: this.worker,
        limit: Math.min(this.#limit(room), IN_HAND - inHand),
        ...(ids === undefined ? {} : { ids }),
        onlyUntried: this.onlyUntried,
      });
      this.expired += expired;
      this.#finishedAtClaim = this.finished;
      this.#claimedAt = clock.now();
      for (const claim of claims) this.assign(claim);
      await this.postponer.flush();
      if (claims.length === 0) return;
    }
  }

  /** Puts a claim in the line of its first recipients' relay; without one it has to wait, and so
   *  if a rate is used up. */
  assign(claim: Claim): void {
    const domain = this.rates.usedUpDomain(claim);
    if (domain !== null) return this.postponer.addUsedUp(claim, claim.recipients, domain);
    const groups = groupByRoute(claim, this.options.routes);
    for (const { relays } of groups) {
      const line = this.lines.lineFor(relays);
      if (line === null) continue;
      if (this.#isLongBlocked(line)) {
        this.postponer.addUsedUp(claim, claim.recipients, blocked(line));
      } else line.waiting.push(claim);
      return;
    }
    for (const group of groups) this.postponer.addUnreached(claim, group);
  }

  /** Lets a claim wait for the rate that is used up: in hand for a moment, or for as long as the
   *  relay is the only one; else in the queue, that it does not keep others from their relays. */
  async letWait(claim: Claim, by: UsedUp): Promise<void> {
    const { line } = by;
    if (line !== null && !this.#isLongBlocked(line)) {
      line.waiting.unshift(claim);
      return;
    }
    this.postponer.addUsedUp(claim, claim.recipients, by);
    if (line !== null) { for (const one of line.waiting.splice(0)) this.assign(one); }
    await this.postponer.flush();
  }

  #isLongBlocked(line: RelayLine): boolean {
    const now = this.options.clock.now();
    return this.lines.all.length > 1 && line.isBlocked(now + SHORT_WAIT_MS);
  }

  /** As many as will be handed over in the next moment, going by the last: a slow relay's queue
   *  is claimed one by one and urgent mail overtakes, a fast one's many in a commit. */
  #limit(mayStart: number): number {
    const { clock, maxBatch, maxDeferred, throttleMs } = this.options;
    const room = Math.max(1, Math.min(mayStart, this.lines.room));
    if (maxBatch !== null || maxDeferred !== null || throttleMs > 0) return room;
    const elapsedMs = Math.max(1, clock.now() - this.#claimedAt);
    const soon = Math.floor((this.finished - this.#finishedAtClaim) / elapsedMs * AHEAD_MS);
    return Math.max(room, Math.min(soon, AHEAD));
  }
}

function blocked(line: RelayLine): UsedUp {
  return {
    line,
    until: line.blockedUntil ?? 0,
    reason: `the rate of the relay ${line.name} is used up`,
  };
}
