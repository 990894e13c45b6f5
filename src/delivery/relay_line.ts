import { isLeftAlone, type RelayHealth } from "../queue/breaker.ts";
import type { Claim } from "../queue/message.ts";
import type { Relay, Transport } from "../queue/ports.ts";
import type { Rate } from "../queue/rate.ts";

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
  #idle: Transport[] = [];

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

  /** How many more messages may be started on it now. */
  room(isOneByOne: boolean, now: number): number {
    if (this.isDown || this.isBlocked(now)) return 0;
    const most = this.isProven && !isOneByOne ? this.plan.concurrency : 1;
    return most - this.inFlight;
  }

  take(): Transport {
    return this.#idle.pop() ?? this.plan.relay.open();
  }

  giveBack(transport: Transport): void {
    this.#idle.push(transport);
  }

  async closeIdle(): Promise<void> {
    const idle = this.#idle;
    this.#idle = [];
    await Promise.allSettled(idle.map((transport) => transport.close()));
  }
}
