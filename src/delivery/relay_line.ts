import { isLeftAlone, type RelayHealth } from "../queue/breaker.ts";
import type { Claim } from "../queue/message.ts";
import type { Relay, Transport } from "../queue/ports.ts";
import type { Rate } from "../queue/rate.ts";

/** Messages a connection to a fast relay has in hand at most: one under way, one to be begun behind
 *  its content, and one to follow that when both are answered at once. */
const IN_HAND_EACH = 3;

/** A relay and how much it may be given. */
export interface RelayPlan {
  readonly relay: Relay;
  /** Connections at the same time. */
  readonly concurrency: number;
  readonly rate: Rate | null;
}

/** A relay that a pass left alone. */
export interface DownRelay {
  readonly name: string;
  readonly error: string;
  /** When its faults in a row began, ms since 1970. */
  readonly since: number | null;
  /** No pass tries it before; null: the next one does. */
  readonly until: number | null;
}

/** One relay during a pass: its connections, the claims that wait for one, and whether it is any
 *  use. */
export class RelayLine {
  /** Claims in hand for this relay, the next one first. */
  readonly waiting: Claim[] = [];
  inFlight = 0;
  /** Only once the relay has answered are more connections opened. */
  isProven = false;
  /** Why this pass leaves the relay alone; null while it does not. */
  error: string | null = null;
  /** Its rate is used up until then. */
  blockedUntil: number | null = null;
  /** Its connections: how many messages each has in hand. */
  readonly #loads = new Map<Transport, number>();
  #idle: Transport[] = [];
  /** Connections to be closed once they have nothing in hand. */
  readonly #retired = new Set<Transport>();
  #takesAhead = false;

  constructor(readonly plan: RelayPlan, public health: RelayHealth, now: number) {
    if (isLeftAlone(health, now)) this.error = health.lastError ?? "it failed three times in a row";
  }

  get name(): string {
    return this.plan.relay.name;
  }

  get isDown(): boolean {
    return this.error !== null;
  }

  get down(): DownRelay | null {
    const { downSince: since, openUntil: until } = this.health;
    return this.error === null ? null : { name: this.name, error: this.error, since, until };
  }

  isBlocked(now: number): boolean {
    return this.blockedUntil !== null && now < this.blockedUntil;
  }

  /** How many more messages may be started on it now; of a fast relay each connection is given
   *  the next message ahead. */
  room(isOneByOne: boolean, isFast: boolean, now: number): number {
    if (this.isDown || this.isBlocked(now)) return 0;
    if (!this.isProven || isOneByOne) return 1 - this.inFlight;
    const { concurrency } = this.plan;
    if (!isFast) return concurrency - this.inFlight;
    let room = (concurrency - this.#loads.size) * (this.#takesAhead ? IN_HAND_EACH : 1);
    for (const [transport, load] of this.#loads) {
      if (this.#mayHaveMore(transport)) room += IN_HAND_EACH - load;
    }
    return room;
  }

  /** Whether a busy connection may be given the next message ahead. */
  #mayHaveMore(transport: Transport): boolean {
    return transport.takesAhead === true && !this.#retired.has(transport);
  }

  /** A connection for one more message. */
  take(): Transport {
    const transport = this.#idle.pop() ?? this.#busy() ?? this.plan.relay.open();
    this.#takesAhead = transport.takesAhead === true;
    this.#loads.set(transport, (this.#loads.get(transport) ?? 0) + 1);
    return transport;
  }

  /** Where all connections there may be are busy, one with the least in hand. */
  #busy(): Transport | null {
    if (this.#loads.size < this.plan.concurrency) return null;
    let least: Transport | null = null;
    let leastLoad = IN_HAND_EACH;
    for (const [transport, load] of this.#loads) {
      if (load >= leastLoad || !this.#mayHaveMore(transport)) continue;
      least = transport;
      leastLoad = load;
    }
    return least;
  }

  /** Takes back a connection whose message has come to its end; `isUsable` if it may have more. */
  giveBack(transport: Transport, isUsable: boolean): void {
    if (!isUsable) this.#retired.add(transport);
    const load = (this.#loads.get(transport) ?? 1) - 1;
    if (load > 0) return void this.#loads.set(transport, load);
    this.#loads.delete(transport);
    if (this.#retired.delete(transport)) void transport.close().catch(() => {});
    else this.#idle.push(transport);
  }

  async closeIdle(): Promise<void> {
    const idle = this.#idle;
    this.#idle = [];
    await Promise.allSettled(idle.map((transport) => transport.close()));
  }
}
