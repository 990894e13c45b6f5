// What a relay was found to bear that wants less: how many connections at a time, how many messages a
// second, and how long it is left in peace after it took nothing. Pure: `delivery/outlets/throttle.ts`
// asks during a pass, the store keeps what was learned, the status shows it.

import { isInForce } from "./pause.ts";

/** What is known of a relay that throttles; kept in the queue, so that one pass learns from another. */
export interface RelayLimits {
  /** Connections at the same time; null = as many as the settings say. */
  readonly connections: number | null;
  /** The connections that the settings said when that was learned. */
  readonly ofConnections: number | null;
  /** Messages a second; null = as fast as it goes. */
  readonly rate: number | null;
  /** When one of these was last learned, ms since 1970; null where nothing is. */
  readonly learnedAt: number | null;
  /** Back-offs in a row, nothing taken in between. */
  readonly backOffs: number;
  /** When the row began, ms since 1970. */
  readonly since: number | null;
  /** Nothing is tried before, ms since 1970. */
  readonly until: number | null;
  /** What the relay said last. */
  readonly reply: string | null;
  /** Tells the settings of the relay from others; null where that is not known. */
  readonly settings: string | null;
}

export const NO_LIMITS: RelayLimits = {
  connections: null,
  ofConnections: null,
  rate: null,
  learnedAt: null,
  backOffs: 0,
  since: null,
  until: null,
  reply: null,
  settings: null,
};

const SECOND_MS = 1_000;
/** In a pass a relay is tried again after so long at most. */
const LONGEST_BACK_OFF_MS = 30 * SECOND_MS;
/** A relay that took nothing for so long is not waited for any more. */
const PATIENCE_MS = 60 * SECOND_MS;
/** Then it is left in peace for so long at most. */
const LONGEST_PEACE_MS = 15 * 60 * SECOND_MS;
/** After so long without a throttle a relay may be given more, step by step. */
const RELAX_MS = 10 * 60 * SECOND_MS;
const RELAX_RATE = 1.25;
/** A faster rate is none. */
const FASTEST = 1_000;
/** What was learned at a time so far ahead was learned on another clock. */
const CLOCK_SLACK_MS = 60 * SECOND_MS;
/** Of the rate a relay was seen to bear so much is used. */
const PRUDENCE = 0.8;
const SLOWEST = 1;

/** What holds of the limits now: for every ten minutes without a throttle one connection more, and
 *  a rate a quarter higher, until they are those of the settings. */
export function relaxed(limits: RelayLimits, now: number): RelayLimits {
  const { learnedAt, ofConnections } = limits;
  if (learnedAt === null) return limits;
  const steps = Math.floor((now - learnedAt) / RELAX_MS);
  const isOfAnotherClock = learnedAt > now + CLOCK_SLACK_MS;
  if (steps <= 0 && !isOfAnotherClock) return limits;
  const connections = (limits.connections ?? Infinity) + steps;
  const rate = (limits.rate ?? Infinity) * RELAX_RATE ** steps;
  return {
    ...limits,
    connections: isOfAnotherClock || connections >= (ofConnections ?? 0) ? null : connections,
    rate: isOfAnotherClock || rate > FASTEST ? null : rate,
  };
}

/** One more back-off: 1 s, doubling to 30 s. Once the relay has taken nothing for a minute it is left
 *  in peace (`isOver`), for up to 15 minutes. */
export function afterNothingTaken(
  limits: RelayLimits,
  reply: string,
  now: number,
): { readonly limits: RelayLimits; readonly isOver: boolean } {
  const isOfAnotherClock = (limits.since ?? 0) > now + CLOCK_SLACK_MS;
  const earlier = isOfAnotherClock ? NO_LIMITS : limits;
  const backOffs = earlier.backOffs + 1;
  const since = earlier.since ?? now;
  const waitMs = SECOND_MS * 2 ** Math.min(backOffs - 1, 12);
  const inPassMs = Math.min(waitMs, LONGEST_BACK_OFF_MS);
  const isOver = now + inPassMs - since > PATIENCE_MS;
  const until = now + (isOver ? Math.min(waitMs, LONGEST_PEACE_MS) : inPassMs);
  return { limits: { ...limits, backOffs, since, until, reply }, isOver };
}

/** The relay has taken mail: it is not to be waited for. */
export function afterTaken(limits: RelayLimits): RelayLimits {
  return limits.backOffs === 0 ? limits : { ...limits, backOffs: 0, since: null, until: null };
}

/** Until when a relay is to be left in peace, ms since 1970; null if it may be used. */
export function restsUntil({ since, until }: RelayLimits, now: number): number | null {
  return until !== null && isInForce({ since, until }, now) ? until : null;
}

/** The rate to go on with at a relay that has just refused a message, by the messages a second it was
 *  seen to take. */
export function slowerThan(perSecond: number): number {
  return Math.max(SLOWEST, perSecond * PRUDENCE);
}

/** How long a message waits at least that was told to come later, by how often it was told so. */
export function laterMs(times: number): number {
  return Math.min(SECOND_MS * 2 ** Math.min(times - 1, 10), LONGEST_BACK_OFF_MS);
}

/** A message that is told so often to come later, while the relay takes others, is meant itself. */
export const THROTTLES_OF_ONE = 8;

/** Words by which a relay says that it is connections it wants fewer of. */
export function isAboutConnections(text: string): boolean {
  return /connection|session|thread|concurren|parallel|simultan/i.test(text);
}
