import type { Claim } from "../../queue/message.ts";
import type { Clock } from "../../system/time.ts";
import type { RelayLine } from "./outlet.ts";

/** The relays of a pass, in the order of the settings. */
export class RelayLines {
  /** Mail goes out so fast that connections are given their next message ahead. */
  isFast = false;
  readonly #byName: ReadonlyMap<string, RelayLine>;

  constructor(
    readonly all: readonly RelayLine[],
    /** One message at a time on each. */
    readonly isOneByOne: boolean,
    readonly clock: Clock,
  ) {
    this.#byName = new Map(all.map((line) => [line.name, line]));
  }

  get areAllDown(): boolean {
    return this.all.every((line) => line.isDown);
  }

  /** Messages in hand and not started. */
  get inHand(): number {
    let inHand = 0;
    for (const line of this.all) inHand += line.waiting.length;
    return inHand;
  }

  /** The bytes that came with them. */
  get bytesInHand(): number {
    let bytes = 0;
    for (const line of this.all) bytes += line.waiting.bytes;
    return bytes;
  }

  /** How many more messages may be started now. */
  get room(): number {
    let room = 0;
    for (const line of this.all) room += Math.max(0, this.#roomOn(line));
    return room;
  }

  /** The first of these relays that is any use. */
  lineFor(relays: readonly string[]): RelayLine | null {
    for (const name of relays) {
      const line = this.#byName.get(name);
      if (line !== undefined && !line.isDown) return line;
    }
    return null;
  }

  /** A relay with room that has mail in hand. */
  next(): RelayLine | null {
    for (const line of this.all) {
      if (line.waiting.length > 0 && this.#roomOn(line) > 0) return line;
    }
    return null;
  }

  /** When the first relay that has mail in hand, but whose rate is used up, may be used again. */
  blockedUntil(): number | null {
    const times = this.all.filter((line) => line.waiting.length > 0 && !line.isDown)
      .flatMap((line) => line.blockedUntil ?? []);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Takes what is in hand and not started. */
  takeWaiting(): Claim[] {
    return this.all.flatMap((line) => line.waiting.takeAll());
  }

  async closeIdle(): Promise<void> {
    await Promise.all(this.all.map((line) => line.closeIdle()));
  }

  #roomOn(line: RelayLine): number {
    return line.room(this.isOneByOne, this.isFast, this.clock);
  }
}
