// The breaker of a relay: how long a relay that fails again and again, or that refuses all our mail,
// is left alone. Pure: delivery notes each fault by these rules, the store keeps what comes of it, the
// status shows it.

import { isInForce, refusalPauseMs } from "./pause.ts";

/** How a relay has been doing; kept in the queue, so that one cron run learns from another. */
export interface RelayHealth {
  /** Faults in a row. */
  readonly failures: number;
  /** When the row began, ms since 1970; null if the relay is well. */
  readonly downSince: number | null;
  /** The relay is left alone until then; null if it may be used. */
  readonly openUntil: number | null;
  readonly lastError: string | null;
  /** The relay can be reached and refuses our mail with this reply (`refusalKey`), until it takes
   *  some; null if it does not. */
  readonly refusal: string | null;
  /** What a person can do about it; null where nothing is known. */
  readonly hint: string | null;
}

export const HEALTHY: RelayHealth = {
  failures: 0,
  downSince: null,
  openUntil: null,
  lastError: null,
  refusal: null,
  hint: null,
};

/** Faults in a row that open the breaker. */
const BREAKER_FAULTS = 3;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 15 * 60_000;

/** What a relay's health becomes with one more fault: from the third in a row on it is left alone
 *  for a minute, then for twice as long each time, up to 15 minutes. */
export function afterFault(health: RelayHealth, error: string, now: number): RelayHealth {
  const failures = health.failures + 1;
  const pauses = failures - BREAKER_FAULTS;
  return {
    failures,
    downSince: health.downSince ?? now,
    openUntil: pauses < 0
      ? null
      : now + Math.min(FIRST_PAUSE_MS * 2 ** Math.min(pauses, 10), LONGEST_PAUSE_MS),
    lastError: error,
    refusal: null,
    hint: null,
  };
}

/** A reply by which a relay refuses mail whatever the mail is. */
interface RelayRefusal {
  /** See refusalKey. */
  readonly key: string;
  readonly error: string;
  readonly hint: string | null;
  /** How long the relay is left alone. `breaker`: as after other faults. `quota`: at once for an
   *  hour, doubling to six. Else ms. */
  readonly wait: "breaker" | "quota" | number;
}

/** What a relay's health becomes when it refuses us. One that was proven to refuse whatever comes
 *  (`isProven`) is left alone at once. */
export function afterRefusal(
  health: RelayHealth,
  refusal: RelayRefusal & { readonly isProven?: boolean },
  now: number,
): RelayHealth {
  const { key, error, hint, wait, isProven = false } = refusal;
  if (wait === "breaker") {
    const failures = isProven ? Math.max(health.failures, BREAKER_FAULTS - 1) : health.failures;
    return { ...afterFault({ ...health, failures }, error, now), refusal: key, hint };
  }
  const times = (health.refusal === key ? health.failures : 0) + 1;
  return {
    failures: times,
    downSince: health.downSince ?? now,
    openUntil: now + (wait === "quota" ? refusalPauseMs(times) : wait),
    lastError: error,
    refusal: key,
    hint,
  };
}

/** Whether the relay is to be left alone. Once the pause is over one message tries it. */
export function isLeftAlone({ downSince, openUntil }: RelayHealth, now: number): boolean {
  return openUntil !== null && isInForce({ since: downSince, until: openUntil }, now);
}
