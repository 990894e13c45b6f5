// Pauses of a part of the mail: of one relay's, sender's, recipient domain's or tag's. People set them
// (`mailq pause --sender …`), and delivery does where a relay refuses a sender. Pure: the store keeps
// them, delivery asks which are in force. The pause of the whole queue is the store's own.

export const PAUSE_SCOPES = ["relay", "sender", "domain", "tag"] as const;
type PauseScope = typeof PAUSE_SCOPES[number];

/** Which part of the mail is meant. */
export interface PausedPart {
  readonly scope: PauseScope;
  /** A relay's name, an address, a domain or a tag; addresses and domains in small letters. */
  readonly value: string;
}

export interface Pause extends PausedPart {
  /** Why, for people; null where nobody said. */
  readonly reason: string | null;
  /** Ms since 1970. */
  readonly since: number;
  /** Ms since 1970; null = until somebody ends it. */
  readonly until: number | null;
  /** Set by delivery, not by a person. */
  readonly isAutomatic: boolean;
  /** How often in a row delivery has set it; 0 = the part's mail was taken since. */
  readonly times: number;
  /** Of an automatic pause: the messages whose refusals brought it about, by their `seq`. */
  readonly refused: readonly number[];
}

const HOUR_MS = 3_600_000;
/** The longest pause that delivery sets by itself. */
export const LONGEST_REFUSAL_PAUSE_MS = 6 * HOUR_MS;
/** A pause that began later than now by more than this began on another clock: it counts no more. */
const CLOCK_SLACK_MS = 60_000;

/** How long the `times`-th refusal in a row stops what it is about: 1 h, doubling to 6 h. */
export function refusalPauseMs(times: number): number {
  return Math.min(HOUR_MS * 2 ** Math.min(times - 1, 10), LONGEST_REFUSAL_PAUSE_MS);
}

/** Whether a pause holds. One with an end that began in a time to come does not: the clock was set
 *  back, and its end may be far. */
export function isInForce(
  { since, until }: { readonly since: number | null; readonly until: number | null },
  now: number,
): boolean {
  return until === null || ((since ?? 0) <= now + CLOCK_SLACK_MS && now < until);
}

/** Whether a pause holds no more and nobody was told so yet: it ended by itself. One whose end was told
 *  has no length (`afterEnd`, `afterTaken`). */
export function isEndUntold(pause: Pause, now: number): boolean {
  return pause.until !== null && pause.since < pause.until && !isInForce(pause, now);
}

/** What is left of a pause that has ended by itself: of an automatic one, what the next one goes by. */
export function afterEnd(pause: Pause): Pause | null {
  return pause.isAutomatic ? { ...pause, until: pause.since } : null;
}

/** So many messages are remembered with an automatic pause. */
const MOST_REFUSED = 100;

/** What is left of an automatic pause once the part's mail was taken: not in force, but it tells
 *  which messages had been refused. */
export function afterTaken(pause: Pause): Pause {
  return { ...pause, until: pause.since, times: 0 };
}

/** Whether a message that is refused once more is at fault itself, not its sender: the sender's other
 *  mail was taken since it was refused before. */
export function isOwnRefusal(pause: Pause | null, seq: number): boolean {
  return pause !== null && pause.isAutomatic && pause.times === 0 && pause.refused.includes(seq);
}

/** The pause of a sender whom a relay refuses, one more time in a row. */
export function afterSenderRefusal(
  earlier: Pause | null,
  refused: {
    readonly sender: string;
    readonly seq: number;
    readonly reason: string;
    readonly waitMs: number | null;
  },
  now: number,
): Pause {
  const times = (earlier?.isAutomatic ? earlier.times : 0) + 1;
  return {
    scope: "sender",
    value: refused.sender.toLowerCase(),
    reason: refused.reason,
    since: now,
    until: now + (refused.waitMs ?? refusalPauseMs(times)),
    isAutomatic: true,
    times,
    refused: [...new Set([...earlier?.refused ?? [], refused.seq])].slice(-MOST_REFUSED),
  };
}
