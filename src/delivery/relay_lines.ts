import type { Claim } from "../queue/message.ts";
import type { Clock } from "../queue/ports.ts";
import type { RelayLine } from "./relay_line.ts";

/** The relays of a pass, in the order of the settings. */
export class RelayLines {
  /** Mail goes out so fast that connections are given their next message ahead. */
  isFast = false;

  constructor(
    readonly all: readonly RelayLine[],
    /** One message at a time on each. */
    readonly isOneByOne: boolean,
    readonly clock: Clock,
  ) {}

  get areAllDown(): boolean {
    return this.all.every((line) => line.isDown);
  }

  /** Messages in hand and not started. */
  get inHand(): number {
    return this.all.reduce((sum, line) => sum + line.waiting.length, 0);
  }

  /** How many more messages may be started now. */
  get room(): number {
    return this.all.reduce((sum, line) => sum + Math.max(0, this.#roomOn(line)), 0);
  }

  /** The first of these relays that is any use. */
  lineFor(relays: readonly string[]): RelayLine | null {
    for (const name of relays) {
      const line = this.all.find((one) => one.name === name);
      if (line !== undefined && !line.isDown) return line;
    }
    return null;
  }

  /** A relay with room that has mail in hand. */
  next(): RelayLine | null {
    return this.all.find((line) => line.waiting.length > 0 && this.#roomOn(line) > 0) ?? null;
  }

  /** When the first relay that has mail in hand, but whose rate is used up, may be used again. */
  blockedUntil(): number | null {
    const times = this.all.filter((line) => line.waiting.length > 0 && !line.isDown)
      .flatMap((line) => line.blockedUntil ?? []);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Takes what is in hand and not started. */
  takeWaiting(): Claim[] {
    return this.all.flatMap((line) => line.waiting.splice(0));
  }

  async closeIdle(): Promise<void> {
    await Promise.all(this.all.map((line) => line.closeIdle()));
  }

  #roomOn(line: RelayLine): number {
    return line.room(this.isOneByOne, this.isFast, this.clock.now());
  }
}
