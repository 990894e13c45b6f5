// One pass over the queue: `mailq send` calls `runPass`, each round of the service `runRound`. Both
// get the relays ready and tell what came of it; the sending itself is in `round/`.

import type { WorkerHandle } from "../queue/ports/claims.ts";
import type { PassOptions } from "./options.ts";
import { HEALTHY } from "../queue/policy/breaker.ts";
import { latestTry } from "../queue/policy/longest_wait.ts";
import type { Pause } from "../queue/policy/pause.ts";
import { NO_LIMITS, restsUntil } from "../queue/policy/throttle.ts";
import { type DownRelay, Outlet } from "./outlets/outlet.ts";
import { Pauses, reasonOf } from "./outlets/pauses.ts";
import type { StopReason } from "./round/allowance.ts";
import type { Pace } from "./pace.ts";
import { Round } from "./round/round.ts";

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
  /** Pauses of parts of the mail that held at its end. */
  readonly pauses: readonly Pause[];
}

/** Claims, hands over and records until nothing due is left that this pass has not tried, a limit
 *  is reached, no relay can be used or the signal says stop. Rejects if the store fails: messages
 *  whose bytes go out are finished first, and the rest given back as far as the store lets us. If
 *  the process dies, another pass takes over at once what was in hand. */
export async function runPass(options: PassOptions): Promise<PassResult> {
  const { store } = options;
  const worker = await store.registerWorker("send");
  let end: RoundEnd;
  try {
    const pace: Pace = { onlyUntried: true, mayClaim: () => true };
    end = await runRound(options, { worker, pace, proven: new Set() });
    // A pass over chosen messages does not show that the queue as a whole moves.
    if (options.ids === undefined) await store.noteRound();
  } catch (error) {
    // The first error says more than those that follow from it.
    await worker.close().catch(() => {});
    throw error;
  }
  await worker.close();
  return await end.result();
}

/** What a round takes from one worker to the next round. */
interface RoundPlan {
  readonly worker: WorkerHandle;
  readonly pace: Pace;
  /** The relays that answered in the round before; afterwards, those that answered in this one. */
  readonly proven: Set<string>;
}

/** How a round came to its end. */
export interface RoundEnd {
  /** `Pace.mayClaim` ended it: there may be more to do at once. */
  readonly isCutShort: boolean;
  readonly resumeAt: number | null;
  /** Messages were left in the middle: the worker still has them in hand. */
  readonly isAbandoned: boolean;
  /** What came of it. To be asked once the worker has nothing in hand any more. */
  readonly result: () => Promise<PassResult>;
}

/** One round of a worker that is registered and stays so. Rejects as `runPass` does. */
export async function runRound(
  options: PassOptions,
  { worker, pace, proven }: RoundPlan,
): Promise<RoundEnd> {
  const { store, machine: { clock } } = options;
  await store.takeOver();
  const expired = await store.expireDue();
  if (expired > 0) options.onNews?.({ type: "message.expired", count: expired });
  await store.endPauses();
  const known = await store.pauses();
  await store.requeueAfter(latestTryOf(options, known));
  const pauses = new Pauses(store, clock, options.onNews).replace(known);
  const outlets = await openOutlets(options, { proven, pauses });
  const round = new Round(options, { worker, outlets, pauses, pace });
  options.onBegin?.(() => round.state);
  round.counts.failed += expired;
  await round.run();
  proven.clear();
  for (const { name, isProven, isDown } of outlets) if (isProven && !isDown) proven.add(name);
  const downRelays = outlets.flatMap(({ down }) => down ?? []);
  const resting = outlets.map(({ throttle }) => restsUntil(throttle.limits, clock.now()));
  const times = [round.blockedUntil, ...resting, ...downRelays.map(({ until }) => until)]
    .filter((at) => at !== null);
  const resumeAt = times.length === 0 ? null : Math.min(...times);
  return {
    isCutShort: round.isCutShort,
    isAbandoned: round.isAbandoned,
    resumeAt,
    async result() {
      const status = await store.status();
      return {
        ...round.counts,
        remaining: status.queued,
        stoppedBy: round.stoppedBy ?? (status.paused === null ? null : "paused"),
        downRelays,
        resumeAt,
        pauses: status.pauses,
      };
    },
  };
}

/** The relays with what is known of their health. */
async function openOutlets(
  { store, outlets: { relays }, machine: { clock } }: PassOptions,
  { proven, pauses }: { readonly proven: ReadonlySet<string>; readonly pauses: Pauses },
): Promise<Outlet[]> {
  const outlets: Outlet[] = [];
  for (const plan of relays) {
    const { relay: { name }, settings = null } = plan;
    const limits = await store.relayLimits(name);
    // What is known of a relay was told of its settings; by others it may be well.
    const isChanged = limits.settings !== null && limits.settings !== settings;
    if (isChanged) await store.forgetRelay(name);
    const outlet = new Outlet(
      plan,
      isChanged ? HEALTHY : await store.relayHealth(name),
      clock.now(),
      isChanged ? NO_LIMITS : limits,
    );
    outlet.isProven = proven.has(outlet.name);
    for (const one of await store.suspicions(outlet.name)) outlet.suspicions.set(one.key, one);
    const pause = pauses.ofRelay(outlet.name);
    if (pause !== null) outlet.error ??= reasonOf(pause);
    outlets.push(outlet);
  }
  return outlets;
}

/** When mail can be tried at the latest. */
function latestTryOf({ judging, outlets, machine }: PassOptions, pauses: readonly Pause[]): number {
  const { relays, ratePerDomain } = outlets;
  const rates = [ratePerDomain, ...relays.map(({ rate }) => rate)];
  return latestTry({ ...judging, rates, pauses }, machine.clock.now());
}
