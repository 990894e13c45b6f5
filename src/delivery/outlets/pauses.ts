// The pauses of senders, recipient domains, tags and relays, as a pass knows them: the store tells all
// of them with every claim. The claimer asks what a message waits for; `deliver_claim.ts` adds the
// pauses that replies of relays bring about.

import type { Claim, ClaimedRecipient } from "../../queue/claim.ts";
import { domainOf } from "../../queue/domain.ts";
import { afterTaken, isInForce, type Pause, type PausedPart } from "../../queue/policy/pause.ts";
import type { Claims } from "../../queue/ports/claims.ts";
import type { Clock } from "../../system/time.ts";
import type { OnNews } from "../news.ts";

/** Mail of a pause without an end is looked at again so late. */
const LOOK_AGAIN_MS = 4 * 3_600_000;

/** Recipients of a message that are to wait, and for what. */
export interface PausedRecipients {
  readonly recipients: readonly ClaimedRecipient[];
  /** Ms since 1970. */
  readonly until: number;
  /** For people to read. */
  readonly reason: string;
}

export class Pauses {
  #byPart = new Map<string, Pause>();

  constructor(
    readonly store: Pick<Claims, "notePause">,
    readonly clock: Clock,
    readonly onNews?: OnNews,
  ) {}

  /** Takes over what the store holds; returns this. */
  replace(pauses: readonly Pause[]): this {
    if (pauses.length > 0 || this.#byPart.size > 0) {
      this.#byPart = new Map(pauses.map((pause) => [keyOf(pause), pause]));
    }
    return this;
  }

  /** No pause is known, not even one that is over. */
  get isEmpty(): boolean {
    return this.#byPart.size === 0;
  }

  /** The pause of a part, also one that is over; null if there is none. */
  of(part: PausedPart): Pause | null {
    return this.isEmpty ? null : this.#byPart.get(keyOf(part)) ?? null;
  }

  isInForce(pause: Pause): boolean {
    return isInForce(pause, this.clock.now());
  }

  /** The pause of a relay that holds now; null if none does. */
  ofRelay(name: string): Pause | null {
    return this.#holding({ scope: "relay", value: name });
  }

  /** Notes a pause, for this pass and in the queue. */
  async note(pause: Pause): Promise<void> {
    const known = this.of(pause);
    if (known !== null && !known.isAutomatic && this.isInForce(known)) return;
    this.#byPart.set(keyOf(pause), pause);
    await this.store.notePause(pause);
    this.onNews?.({ type: "sender.paused", pause });
  }

  /** The sender's mail was taken: the pause that delivery had set is over, unless the mail was under way
   *  before. `startedAt` is when its hand-over began, ms since 1970. */
  async noteSent(sender: string, startedAt: number): Promise<void> {
    if (this.isEmpty) return;
    const pause = this.of({ scope: "sender", value: sender });
    if (pause === null || !pause.isAutomatic || pause.times === 0) return;
    if (startedAt <= pause.since) return;
    const ended = afterTaken(pause);
    this.#byPart.set(keyOf(pause), ended);
    await this.store.notePause(ended);
    this.onNews?.({ type: "sender.resumed", sender });
  }

  /** The recipients of a message that are to wait; null if none is. */
  ofClaim(claim: Claim): PausedRecipients | null {
    if (this.isEmpty) return null;
    const whole = this.#holding({ scope: "sender", value: claim.sender }) ??
      firstOf(claim.tags ?? [], (value) => this.#holding({ scope: "tag", value }));
    if (whole !== null) return this.#waiting(whole, claim.recipients);
    for (const { address } of claim.recipients) {
      const pause = this.#holding({ scope: "domain", value: domainOf(address) });
      if (pause === null) continue;
      const theirs = claim.recipients.filter((one) => domainOf(one.address) === pause.value);
      return this.#waiting(pause, theirs);
    }
    return null;
  }

  #holding(part: PausedPart): Pause | null {
    const pause = this.of(part);
    return pause !== null && this.isInForce(pause) ? pause : null;
  }

  #waiting(pause: Pause, recipients: readonly ClaimedRecipient[]): PausedRecipients {
    return {
      recipients,
      until: pause.until ?? this.clock.now() + LOOK_AGAIN_MS,
      reason: reasonOf(pause),
    };
  }
}

/** What a pause is, for people: `the sender a@x.test is paused: 553 not owned by user b`. */
export function reasonOf({ scope, value, reason }: Pause): string {
  const what = scope === "sender" && value === "" ? "the null sender" : `the ${scope} ${value}`;
  return `${what} is paused${reason === null ? "" : `: ${reason}`}`;
}

function keyOf({ scope, value }: PausedPart): string {
  return `${scope} ${scope === "tag" || scope === "relay" ? value : value.toLowerCase()}`;
}

function firstOf<Item, Found>(items: readonly Item[], find: (item: Item) => Found | null) {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}
