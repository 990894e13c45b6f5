// One relay as a pass sees it: its connections, the mail in hand for it, and whether it may be
// used. The round asks how much room there is, `deliver_claim.ts` takes a connection and gives it
// back. How a message is handed over is left to the transport.

import { isLeftAlone, type RelayHealth } from "../../queue/policy/breaker.ts";
import type { Suspicion } from "../../queue/policy/suspicion.ts";
import type { Relay, Transport } from "../../queue/ports/transport.ts";
import type { Rate } from "../../queue/policy/rate.ts";
import { NO_LIMITS, type RelayLimits } from "../../queue/policy/throttle.ts";
import { Throttle } from "./throttle.ts";
import { Waiting } from "./waiting.ts";
import type { Clock } from "../../system/time.ts";

/** Messages that a connection to a fast relay has in hand at most: one under way, one whose
 *  commands go out behind its content, and one more for when both are answered at once. */
const IN_HAND_EACH = 3;

/** A connection with messages in hand. */
interface Busy {
  readonly transport: Transport;
  /** How many. */
  load: number;
  /** It is to be closed once it has nothing in hand. */
  isRetired: boolean;
}

/** A relay and how much it may be given. */
export interface OutletPlan {
  readonly relay: Relay;
  /** Connections at the same time. */
  readonly concurrency: number;
  readonly rate: Rate | null;
  /** Tells the relay's settings from others, without a secret; absent = they never change. */
  readonly settings?: string;
}

/** A relay that a pass left alone. */
export interface DownRelay {
  readonly name: string;
  readonly error: string;
  /** It can be reached, and refuses our mail. */
  readonly isRefusing: boolean;
  /** What a person can do about it; null where nothing is known. */
  readonly hint: string | null;
  /** When its faults in a row began, ms since 1970. */
  readonly since: number | null;
  /** No pass tries it before; null: the next one does. */
  readonly until: number | null;
}

/** What all outlets of a pass have in common. */
export interface OutletPace {
  /** One message at a time on each. */
  readonly isOneByOne: boolean;
  /** Mail goes out so fast that connections are given their next message ahead. */
  readonly isFast: boolean;
  readonly clock: Clock;
}

/** One relay during a pass. */
export class Outlet {
  /** Claims in hand for this relay. */
  readonly waiting = new Waiting();
  inFlight = 0;
  /** Only once the relay has answered are more connections opened: one that is down costs one message
   *  one try. */
  isProven = false;
  /** Why this pass leaves the relay alone; null while it does not. */
  error: string | null = null;
  /** What it is suspected of, by `refusalKey`. As long as it is, it gets one connection. */
  readonly suspicions = new Map<string, Suspicion>();
  /** Hand-overs begun so far, and how many of them when the relay last refused us or was suspected to:
   *  mail that was under way then and is taken says nothing of what was refused since. */
  begun = 0;
  refusedAt = 0;
  /** Its rate is used up until then. */
  blockedUntil: number | null = null;
  /** What it bears. */
  readonly throttle: Throttle;
  /** How many connections it may have. */
  #limit: number;
  #busy: Busy[] = [];
  #idle: Transport[] = [];
  /** The connections by which it has taken mail. */
  readonly #working = new Set<Transport>();
  #takesAhead = false;

  constructor(
    readonly plan: OutletPlan,
    public health: RelayHealth,
    now: number,
    limits: RelayLimits = NO_LIMITS,
  ) {
    this.#limit = plan.concurrency;
    this.throttle = new Throttle(limits, plan.concurrency);
    if (isLeftAlone(health, now)) this.error = health.lastError ?? "it failed three times in a row";
  }

  get name(): string {
    return this.plan.relay.name;
  }

  get isDown(): boolean {
    return this.error !== null;
  }

  /** Whether this pass may give it mail, now or later. */
  get isUsable(): boolean {
    return this.error === null && !this.throttle.isOver;
  }

  get down(): DownRelay | null {
    if (this.error === null) return null;
    const { downSince: since, openUntil: until, refusal, hint } = this.health;
    return { name: this.name, error: this.error, isRefusing: refusal !== null, hint, since, until };
  }

  isBlocked(now: number): boolean {
    return this.blockedUntil !== null && now < this.blockedUntil;
  }

  /** Nothing may be started on it for a moment, since it wants less. */
  isResting(clock: Clock): boolean {
    if (!this.throttle.mayBlock || !this.isUsable) return false;
    return this.throttle.blockedUntil(clock.now(), this.#idle.length === 0) !== null;
  }

  /** When mail in hand that cannot be started now may be; null where nothing but room is wanting. */
  readyAt(now: number): number | null {
    const ripe = this.waiting.isReady ? null : this.waiting.readyAt;
    const until = Math.max(
      this.blockedUntil ?? 0,
      this.throttle.blockedUntil(now, this.#idle.length === 0) ?? 0,
      ripe ?? 0,
    );
    return until > now ? Math.ceil(until) : null;
  }

  /** How many more messages may be started on it now; of a fast relay each connection is given
   *  the next message ahead. */
  room({ isOneByOne, isFast, clock }: OutletPace): number {
    const { throttle } = this;
    if (!this.isUsable) return 0;
    if (this.blockedUntil !== null && this.isBlocked(clock.now())) return 0;
    if (this.isResting(clock)) return 0;
    if (!this.isProven || isOneByOne || this.suspicions.size > 0 || throttle.isOnTrial) {
      return 1 - this.inFlight;
    }
    this.#limit = throttle.connections(clock);
    // One after another, at the rate that was learned.
    if (throttle.limits.rate !== null) return Math.min(1, this.#limit - this.inFlight);
    if (!isFast) return this.#limit - this.inFlight;
    let room = Math.max(0, this.#limit - this.#busy.length) * (this.#takesAhead ? IN_HAND_EACH : 1);
    for (const one of this.#busy) if (mayHaveMore(one)) room += IN_HAND_EACH - one.load;
    return room;
  }

  /** How many other connections have mail under way, or stand ready. */
  othersThan(transport: Transport): number {
    return this.#idle.length +
      this.#busy.filter((one) => one.transport !== transport && !one.isRetired).length;
  }

  /** A message was taken on this connection. */
  noteTaken(transport: Transport, now: number): void {
    this.#working.add(transport);
    this.throttle.noteTaken(now, this.#working.size);
  }

  /** A connection for one more message. */
  take(): Transport {
    const one = this.#idle.length === 0 && this.#busy.length >= this.#limit
      ? this.#leastBusy()
      : null;
    if (one !== null) {
      one.load++;
      return one.transport;
    }
    const transport = this.#idle.pop() ?? this.plan.relay.open();
    this.#takesAhead = transport.takesAhead === true;
    this.#busy.push({ transport, load: 1, isRetired: false });
    return transport;
  }

  /** One with the least in hand of those that may have more. */
  #leastBusy(): Busy | null {
    let least: Busy | null = null;
    for (const one of this.#busy) {
      if (one.load < (least?.load ?? IN_HAND_EACH) && mayHaveMore(one)) least = one;
    }
    return least;
  }

  /** Takes back a connection whose message has come to its end; `isUsable` if it may have more. */
  giveBack(transport: Transport, { isUsable }: { readonly isUsable: boolean }): void {
    const one = this.#busy.find((busy) => busy.transport === transport);
    if (one === undefined) return;
    if (!isUsable) {
      one.isRetired = true;
      this.#working.delete(transport);
    }
    if (--one.load > 0) return;
    this.#busy = this.#busy.filter((busy) => busy !== one);
    if (one.isRetired) void transport.close().catch(() => {});
    else this.#idle.push(transport);
  }

  async closeIdle(): Promise<void> {
    const idle = this.#idle;
    this.#idle = [];
    await Promise.allSettled(idle.map((transport) => transport.close()));
  }
}

/** Whether a busy connection may be given the next message ahead. */
function mayHaveMore({ transport, isRetired }: Busy): boolean {
  return transport.takesAhead === true && !isRetired;
}
