// How far ahead a next try can be. What lies further ahead was set by a clock that has been set back
// since, and is due. Pure: a pass asks at its beginning, and the store queues that mail again.

import { LONGEST_REFUSAL_PAUSE_MS, type Pause } from "./pause.ts";
import type { Rate } from "./rate.ts";
import { retryDelayMs, type RetryPolicy } from "./retry.ts";
import type { Rule } from "./rule.ts";

/** What may have been delivered is tried again after so long at the earliest. */
export const UNCERTAIN_MS = 3_600_000;
/** Clocks that differ by so much are no matter. */
const SLACK_MS = 60_000;

/** All that may make mail wait. */
interface Waits {
  readonly policy: RetryPolicy;
  readonly rules: readonly Rule[];
  readonly rates: readonly (Rate | null)[];
  readonly pauses: readonly Pause[];
}

/** The time that no next try can be after, ms since 1970. */
export function latestTry({ policy, rules, rates, pauses }: Waits, now: number): number {
  const waits = [
    LONGEST_REFUSAL_PAUSE_MS,
    UNCERTAIN_MS,
    ...policy.scheduleMs.map((_, i) => retryDelayMs(i + 1, policy, 1)),
    ...rules.map(({ waitMs }) => waitMs ?? 0),
    ...rates.map((rate) => 2 * (rate?.perMs ?? 0)),
    // A pause that began later than now was set by that clock, too.
    ...pauses.map(({ since, until }) => since > now + SLACK_MS ? 0 : (until ?? 0) - now),
  ];
  return now + Math.max(...waits) + SLACK_MS;
}
