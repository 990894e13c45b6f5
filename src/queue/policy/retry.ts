// When a recipient that was deferred is tried again, and when it is given up. Pure: delivery asks
// after each attempt, and the store keeps the answer.

import type { FinalReason } from "../state.ts";

/** When a deferred recipient is tried again, and when it is given up. */
export interface RetryPolicy {
  /** Retries after the first attempt; null = no limit by count, 0 = never. */
  readonly max: number | null;
  /** How long a message is tried, from the latest of enqueue, send_at, resend and release. */
  readonly lifetimeMs: number;
  /** The waits before each retry; the last one repeats. */
  readonly scheduleMs: readonly number[];
}

/** What a temporary failure means for a recipient. */
type RetryDecision =
  | { readonly kind: "again"; readonly nextAt: number; readonly failures: number }
  | { readonly kind: "give_up"; readonly reason: FinalReason; readonly failures: number };

/** One temporary failure. */
interface TemporaryFailure {
  /** Temporary failures counted against this recipient before this one. */
  readonly failures: number;
  /** Where the lifetime counts from, ms since 1970. */
  readonly lifeFrom: number;
  /** The mail is not at fault but the relay (or the sender is refused, or a limit reached): no retry is used up and nothing is given up, so an outage
   *  of whatever length bounces no mail. */
  readonly isRelayFault: boolean;
}

/** The lifetime gives up only what a relay has answered so often: a week offline, or a clock that
 *  jumps, fails nothing at first contact. */
const ANSWERS_BEFORE_GIVING_UP = 3;

/** Decides between another try and giving up, at a moment (`now`, ms since 1970) and with a chance
 *  (`random`, in [0, 1)). */
export function decideRetry(
  failure: TemporaryFailure,
  policy: RetryPolicy,
  { now, random }: { readonly now: number; readonly random: number },
): RetryDecision {
  const failures = failure.isRelayFault ? failure.failures : failure.failures + 1;
  if (!failure.isRelayFault) {
    if (policy.max !== null && failures > policy.max) {
      return { kind: "give_up", reason: "retries", failures };
    }
    const isTooOld = now - failure.lifeFrom >= policy.lifetimeMs;
    if (isTooOld && failures >= ANSWERS_BEFORE_GIVING_UP) {
      return { kind: "give_up", reason: "lifetime", failures };
    }
  }
  // An outage does not lengthen the wait: once it is over, mail goes soon.
  const step = failure.isRelayFault ? 1 : failures;
  return { kind: "again", failures, nextAt: now + retryDelayMs(step, policy, random) };
}

/** The wait after the temporary failure number `failures` (1 = the first), with ±10 % jitter. */
export function retryDelayMs(failures: number, policy: RetryPolicy, random: number): number {
  const steps = policy.scheduleMs;
  const step = steps[Math.min(Math.max(failures, 1), steps.length) - 1] ?? 0;
  return Math.round(step * (0.9 + 0.2 * random));
}

/** Retries used up by a recipient that failed `failures` times: the first try is none. */
export function retriesUsed(failures: number): number {
  return Math.max(0, failures - 1);
}
