import type { AttemptRecord } from "../queue/claim.ts";
import type { Store } from "../queue/ports/store.ts";
import type { WorkerHandle } from "../queue/ports/claims.ts";
import type { Rate } from "../queue/policy/rate.ts";
import type { RetryPolicy } from "../queue/policy/retry.ts";
import type { Route } from "../queue/policy/route.ts";
import type { Rule } from "../queue/policy/rule.ts";
import type { ErrorHandler } from "./round/overrule.ts";
import { type DownRelay, Outlet, type OutletPlan } from "./outlets/outlet.ts";
import { Round, type RoundOptions } from "./round/round.ts";
import type { Clock, Random, Wait } from "../system/time.ts";

export interface PassOptions {
  readonly store: Store;
  readonly relays: readonly OutletPlan[];
  /** Which recipients go by which relays; else by the one called `default`. */
  readonly routes: readonly Route[];
  /** The most messages to one recipient domain. */
  readonly ratePerDomain: Rate | null;
  readonly policy: RetryPolicy;
  /** What replies mean, whatever they would mean otherwise. */
  readonly rules: readonly Rule[];
  readonly errorHandler: ErrorHandler | null;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the pass after so many messages sent; those in flight count. */
  readonly maxBatch: number | null;
  /** Ends the pass after so many messages deferred or failed; those in flight count. */
  readonly maxDeferred: number | null;
  /** A pause after each attempt, of which there is one at a time; 0 = none. */
  readonly throttleMs: number;
  /** Only these messages (whole ids). */
  readonly ids?: readonly string[];
  /** Told to stop: messages whose bytes go out are finished, the others given back. */
  readonly signal: AbortSignal;
  /** Resolves after a while, or when the signal is aborted. */
  readonly wait: Wait;
  /** Called with each attempt once it is on disk. */
  readonly onAttempt?: (attempt: AttemptRecord, isClaimLost: boolean) => void;
}

export type StopReason = "max_batch" | "max_deferred" | "paused" | "relay" | "rate" | "signal";

/** Counts are of messages; one that was not sent to all counts by its worst outcome. */
export interface PassResult {
  readonly sent: number;
  readonly deferred: number;
  readonly failed: number;
  readonly uncertain: number;
  /** Messages still queued at the end. */
  readonly remaining: number;
  /** Why the pass ended before the queue did; null if it did not. */
  readonly stoppedBy: StopReason | null;
  readonly downRelays: readonly DownRelay[];
  /** When a relay that had to wait, for its rate or for a fault, may be used again. */
  readonly resumeAt: number | null;
}

/** One run over the queue: claims, hands over and records until nothing due is left that this
 *  pass has not tried, a limit is reached, no relay is any use or the signal says stop. Rejects
 *  if the store fails: what is in DATA is finished first, and the rest given back as far as the
 *  store lets us. If the process dies, another pass takes over what was in hand at once. */
export async function runPass(options: PassOptions): Promise<PassResult> {
  const worker = await options.store.registerWorker("send");
  let end: RoundEnd;
  try {
    end = await runRound(options, worker, { onlyUntried: true, mayClaim: null, news: null });
    // A pass over a few messages only says nothing of whether the queue moves.
    if (options.ids === undefined) await options.store.noteRound();
  } catch (error) {
    // The first error says more than those that follow from it.
    await worker.close().catch(() => {});
    throw error;
  }
  await worker.close();
  return await end.result();
}

/** How one pass of a worker that stays came to its end. */
export interface RoundEnd {
  /** It was ended: there may be more to do at once. */
  readonly isCutShort: boolean;
  readonly resumeAt: number | null;
  /** What came of it; to be asked for when all that the worker had in hand is settled. */
  readonly result: () => Promise<PassResult>;
}

/** One pass of a worker that stays. */
export async function runRound(
  options: PassOptions,
  worker: WorkerHandle,
  how: RoundOptions,
  /** The relays that answered in the round before; afterwards, in this one. */
  proven: Set<string> = new Set(),
): Promise<RoundEnd> {
  const { store, clock } = options;
  await store.takeOver();
  const expired = await store.expireDue();
  const outlets: Outlet[] = [];
  for (const plan of options.relays) {
    const outlet = new Outlet(plan, await store.relayHealth(plan.relay.name), clock.now());
    outlet.isProven = proven.has(outlet.name);
    outlets.push(outlet);
  }
  const round = new Round(options, worker, outlets, how);
  round.counts.failed += expired;
  await round.run();
  proven.clear();
  for (const outlet of outlets) if (outlet.isProven && !outlet.isDown) proven.add(outlet.name);
  const downRelays = outlets.flatMap(({ down }) => down ?? []);
  const times = [round.blockedUntil, ...downRelays.map(({ until }) => until)]
    .filter((at) => at !== null);
  const resumeAt = times.length === 0 ? null : Math.min(...times);
  return {
    isCutShort: round.isCutShort,
    resumeAt,
    result: async () => {
      const status = await store.status();
      return {
        ...round.counts,
        remaining: status.queued,
        stoppedBy: round.stoppedBy ?? (status.paused === null ? null : "paused"),
        downRelays,
        resumeAt,
      };
    },
  };
}
