// The breaker of a relay: how long a relay that fails again and again is left alone. Pure: delivery
// notes each fault by these rules, the store keeps what comes of it, the status shows it.

/** How a relay has been doing; kept in the queue, so that one cron run learns from another. */
export interface RelayHealth {
  /** Faults in a row. */
  readonly failures: number;
  /** When the row began, ms since 1970; null if the relay is well. */
  readonly downSince: number | null;
  /** The relay is left alone until then; null if it may be used. */
  readonly openUntil: number | null;
  readonly lastError: string | null;
}

export const HEALTHY: RelayHealth = {
  failures: 0,
  downSince: null,
  openUntil: null,
  lastError: null,
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
  };
}

/** Whether the relay is to be left alone. Once the pause is over one message tries it. */
export function isLeftAlone(health: RelayHealth, now: number): boolean {
  return health.openUntil !== null && now < health.openUntil;
}
