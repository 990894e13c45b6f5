// Keeps the service's connections open between two rounds, so that mail that trickles in does not
// open one for each message. It stands between the outlets and the transports, and looks like a
// relay from one side and like its user from the other.

import type {
  DeliverOptions,
  Delivery,
  DeliveryReport,
  Relay,
  Transport,
} from "../../queue/ports/transport.ts";
import type { OutletPlan } from "./outlet.ts";
import type { Wait } from "../../system/time.ts";

/** A connection is kept so long without use: no relay has to put up with silence for longer. */
const IDLE_MS = 5_000;

/** Keeps the connections of a service's relays from one round to the next. A connection is kept
 *  only if all it did went well. */
export class KeptConnections {
  readonly #relays: KeptRelay[] = [];

  constructor(readonly wait: Wait) {}

  /** The same relays with their connections kept from now on. Closes the connections of the relays
   *  given before. */
  replace(plans: readonly OutletPlan[]): OutletPlan[] {
    void this.close();
    return plans.map((plan) => {
      const relay = new KeptRelay(plan.relay, this.wait);
      this.#relays.push(relay);
      return { ...plan, relay };
    });
  }

  /** Connections that are open or being opened, in use or not, by relay. */
  get counts(): ReadonlyMap<string, number> {
    return new Map(this.#relays.map(({ name, count }) => [name, count]));
  }

  /** Closes the connections that nobody uses, and keeps none from now on. */
  async close(): Promise<void> {
    await Promise.all(this.#relays.splice(0).map((relay) => relay.end()));
  }
}

/** One connection that waits for its next use. */
interface Idle {
  readonly transport: Transport;
  /** Ends the wait. */
  readonly use: AbortController;
  readonly over: Promise<void>;
}

class KeptRelay implements Relay {
  readonly name: string;
  readonly #open = new Set<Transport>();
  #idle: Idle[] = [];
  #isOver = false;

  constructor(readonly relay: Relay, readonly wait: Wait) {
    this.name = relay.name;
  }

  open(): Transport {
    // The one used last is the likeliest to be open still.
    const idle = this.#idle.pop();
    idle?.use.abort();
    const transport = idle?.transport ?? this.relay.open();
    this.#open.add(transport);
    return new KeptTransport(this, transport, {
      hasCarried: idle !== undefined,
    });
  }

  get count(): number {
    return this.#open.size;
  }

  async drop(transport: Transport): Promise<void> {
    this.#open.delete(transport);
    await transport.close();
  }

  /** Takes a connection back that may be used again. */
  async keep(transport: Transport): Promise<void> {
    if (this.#isOver) return await this.drop(transport);
    const use = new AbortController();
    const over = this.wait(IDLE_MS, use.signal).then(async () => {
      if (use.signal.aborted) return;
      this.#idle = this.#idle.filter((one) => one.transport !== transport);
      await this.drop(transport);
    }).catch(() => {});
    this.#idle.push({ transport, use, over });
  }

  async end(): Promise<void> {
    this.#isOver = true;
    const idle = this.#idle.splice(0);
    for (const { use } of idle) use.abort();
    await Promise.allSettled(idle.flatMap(({ transport, over }) => [this.drop(transport), over]));
  }
}

class KeptTransport implements Transport {
  #underWay = 0;
  #hasFailed = false;
  /** It has carried a message, so there is something to keep. */
  #hasCarried: boolean;

  constructor(
    readonly keeper: KeptRelay,
    readonly transport: Transport,
    { hasCarried }: { readonly hasCarried: boolean },
  ) {
    this.#hasCarried = hasCarried;
  }

  get takesAhead(): boolean {
    return this.transport.takesAhead ?? false;
  }

  async deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport> {
    this.#underWay++;
    let isWell = false;
    try {
      const report = await this.transport.deliver(delivery, options);
      isWell = !options.signal.aborted && report.outcomes.every(({ kind }) => kind === "sent");
      return report;
    } finally {
      this.#underWay--;
      this.#hasCarried = true;
      if (!isWell) this.#hasFailed = true;
    }
  }

  async close(): Promise<void> {
    const isFit = this.#hasCarried && !this.#hasFailed && this.#underWay === 0;
    // It can be given away only once.
    this.#hasCarried = false;
    await (isFit ? this.keeper.keep(this.transport) : this.keeper.drop(this.transport));
  }
}
