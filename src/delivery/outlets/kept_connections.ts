import type {
  DeliverOptions,
  Delivery,
  DeliveryReport,
  Relay,
  Transport,
} from "../../queue/ports/transport.ts";
import type { OutletPlan } from "./outlet.ts";
import type { Wait } from "../../system/time.ts";

/** So long a connection is kept that nobody uses: mail that trickles in has not to open one each,
 *  and no relay has to put up with silence for long. */
const IDLE_MS = 5_000;

/** Keeps the connections of a service's relays from one round to the next. A connection is kept
 *  only if all it did went well. */
export class KeptConnections {
  readonly #relays: KeptRelay[] = [];

  constructor(readonly wait: Wait) {}

  /** The same relays, whose connections are kept; those of the relays given before are no more. */
  replace(plans: readonly OutletPlan[]): OutletPlan[] {
    void this.close();
    return plans.map((plan) => {
      const relay = new KeptRelay(plan.relay, this.wait);
      this.#relays.push(relay);
      return { ...plan, relay };
    });
  }

  /** Closes what nobody uses, and from now on keeps nothing. */
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
  #idle: Idle[] = [];
  #isOver = false;

  constructor(readonly relay: Relay, readonly wait: Wait) {
    this.name = relay.name;
  }

  open(): Transport {
    // The one used last is the likeliest to be open still.
    const idle = this.#idle.pop();
    idle?.use.abort();
    return new KeptTransport(
      idle?.transport ?? this.relay.open(),
      idle !== undefined,
      (transport) => this.#keep(transport),
    );
  }

  async #keep(transport: Transport): Promise<void> {
    if (this.#isOver) return await transport.close();
    const use = new AbortController();
    const over = this.wait(IDLE_MS, use.signal).then(async () => {
      if (use.signal.aborted) return;
      this.#idle = this.#idle.filter((one) => one.transport !== transport);
      await transport.close();
    }).catch(() => {});
    this.#idle.push({ transport, use, over });
  }

  async end(): Promise<void> {
    this.#isOver = true;
    const idle = this.#idle.splice(0);
    for (const { use } of idle) use.abort();
    await Promise.allSettled(idle.flatMap(({ transport, over }) => [transport.close(), over]));
  }
}

class KeptTransport implements Transport {
  #underWay = 0;
  #hasFailed = false;
  #isOpen: boolean;

  constructor(
    readonly transport: Transport,
    /** It has carried a message. */
    isOpen: boolean,
    readonly keep: (transport: Transport) => Promise<void>,
  ) {
    this.#isOpen = isOpen;
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
      this.#isOpen = true;
      if (!isWell) this.#hasFailed = true;
    }
  }

  async close(): Promise<void> {
    const isFit = this.#isOpen && !this.#hasFailed && this.#underWay === 0;
    // It is given away once.
    this.#isOpen = false;
    await (isFit ? this.keep(this.transport) : this.transport.close());
  }
}
