// All relays of a pass together: which one to use next, and how much is in hand. The round, the
// claimer and the postponer ask it; each relay looks after itself in `outlet.ts`.

import type { Claim } from "../../queue/claim.ts";
import { type Pauses, reasonOf } from "./pauses.ts";
import type { Outlet, OutletPace } from "./outlet.ts";
import type { Clock } from "../../system/time.ts";

/** A relay that has taken nothing of late is tried with so many messages in turn. */
const TRIED_WITH = 8;

/** The relays of a pass, in the order of the settings. */
export class Outlets implements OutletPace {
  /** Set by the claimer, which knows the speed. */
  isFast = false;
  readonly isOneByOne: boolean;
  readonly clock: Clock;
  readonly #byName: ReadonlyMap<string, Outlet>;

  constructor(
    readonly all: readonly Outlet[],
    { isOneByOne, clock }: Pick<OutletPace, "isOneByOne" | "clock">,
  ) {
    this.isOneByOne = isOneByOne;
    this.clock = clock;
    this.#byName = new Map(all.map((outlet) => [outlet.name, outlet]));
  }

  /** Leaves alone the relays that are paused. */
  pause(pauses: Pauses): void {
    for (const outlet of this.all) {
      const pause = pauses.ofRelay(outlet.name);
      if (pause !== null) outlet.error ??= reasonOf(pause);
    }
  }

  get areAllDown(): boolean {
    return this.all.every((outlet) => outlet.isDown);
  }

  /** How many messages are in hand and not started. */
  get inHand(): number {
    let inHand = 0;
    for (const outlet of this.all) inHand += outlet.waiting.length;
    return inHand;
  }

  /** The bytes that came with them. */
  get bytesInHand(): number {
    let bytes = 0;
    for (const outlet of this.all) bytes += outlet.waiting.bytes;
    return bytes;
  }

  /** How many more messages may be started now. */
  get room(): number {
    let room = 0;
    for (const outlet of this.all) room += Math.max(0, outlet.room(this));
    return room;
  }

  /** The first of the relays with these names that may be used; null if none may. */
  firstUsable(relays: readonly string[]): Outlet | null {
    for (const name of relays) {
      const outlet = this.#byName.get(name);
      if (outlet?.isUsable) return outlet;
    }
    return null;
  }

  /** A relay with room that has mail in hand which may be started. */
  next(): Outlet | null {
    for (const outlet of this.all) {
      const { waiting } = outlet;
      if (waiting.readyAt !== null) waiting.ripen(this.clock.now());
      if (waiting.isReady && outlet.room(this) > 0) return outlet;
    }
    return null;
  }

  /** The first relay with mail in hand that may be used again after a time, and when; null where
   *  nothing waits for a time. */
  blocked(): { readonly outlet: Outlet; readonly until: number } | null {
    let first: { outlet: Outlet; until: number } | null = null;
    for (const outlet of this.all) {
      if (outlet.waiting.length === 0 || !outlet.isUsable) continue;
      const until = outlet.readyAt(this.clock.now());
      if (until !== null && until < (first?.until ?? Infinity)) first = { outlet, until };
    }
    return first;
  }

  /** No relay may be used for the rest of the pass: each is down, or has taken nothing for long. */
  get isNoneUsable(): boolean {
    return this.all.every((outlet) => !outlet.isUsable);
  }

  /** A relay that wants less may be used again in a moment, and nothing is in hand for that but what
   *  it has told to come later: another message may be taken. */
  get isWantingNext(): boolean {
    let isWanting = false;
    for (const outlet of this.all) {
      if (outlet.waiting.isReady || outlet.waiting.length >= TRIED_WITH) return false;
      isWanting ||= outlet.isResting(this.clock);
    }
    return isWanting;
  }

  /** Takes what is in hand and not started. */
  takeWaiting(): Claim[] {
    return this.all.flatMap((outlet) => outlet.waiting.takeAll());
  }

  async closeIdle(): Promise<void> {
    await Promise.all(this.all.map((outlet) => outlet.closeIdle()));
  }
}
