// All relays of a pass together: which one to use next, and how much is in hand. The round, the
// claimer and the postponer ask it; each relay looks after itself in `outlet.ts`.

import type { Claim } from "../../queue/claim.ts";
import { type Pauses, reasonOf } from "./pauses.ts";
import type { Outlet, OutletPace } from "./outlet.ts";
import type { Clock } from "../../system/time.ts";

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

  /** The first of the relays with these names that is not down; null if all are. */
  firstUsable(relays: readonly string[]): Outlet | null {
    for (const name of relays) {
      const outlet = this.#byName.get(name);
      if (outlet !== undefined && !outlet.isDown) return outlet;
    }
    return null;
  }

  /** A relay with room that has mail in hand. */
  next(): Outlet | null {
    for (const outlet of this.all) {
      if (outlet.waiting.length > 0 && outlet.room(this) > 0) return outlet;
    }
    return null;
  }

  /** When the first relay that has mail in hand, but whose rate is used up, may be used again. */
  blockedUntil(): number | null {
    const times = this.all.filter((outlet) => outlet.waiting.length > 0 && !outlet.isDown)
      .flatMap((outlet) => outlet.blockedUntil ?? []);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Takes what is in hand and not started. */
  takeWaiting(): Claim[] {
    return this.all.flatMap((outlet) => outlet.waiting.takeAll());
  }

  async closeIdle(): Promise<void> {
    await Promise.all(this.all.map((outlet) => outlet.closeIdle()));
  }
}
