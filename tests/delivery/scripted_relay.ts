import type {
  DeliverOptions,
  Delivery,
  DeliveryOutcome,
  DeliveryReport,
  Relay,
  Transport,
} from "../../src/queue/ports/transport.ts";

export const SENT: DeliveryOutcome = {
  kind: "sent",
  code: 250,
  enhanced: "2.0.0",
  text: "Queued",
  isRelayFault: false,
};
export const DEFERRED: DeliveryOutcome = {
  kind: "deferred",
  code: 451,
  enhanced: "4.3.0",
  text: "Try again later",
  isRelayFault: false,
};
export const FAILED: DeliveryOutcome = {
  kind: "failed",
  code: 550,
  enhanced: "5.1.1",
  text: "No such user",
  isRelayFault: false,
};
export const UNCERTAIN: DeliveryOutcome = {
  kind: "uncertain",
  code: null,
  enhanced: null,
  text: "the server closed the connection",
  isRelayFault: false,
};
export const RELAY_DOWN: DeliveryOutcome = {
  kind: "deferred",
  code: null,
  enhanced: null,
  text: "Connection refused",
  isRelayFault: true,
};
/** What a transport reports that obeyed the signal. */
export const STOPPED: DeliveryOutcome = {
  kind: "deferred",
  code: null,
  enhanced: null,
  text: "stopped before the content was sent",
  isRelayFault: false,
};

/** A report with the outcomes given, or with the one for all. */
export function reportOf(
  delivery: Delivery,
  outcomes: DeliveryOutcome | readonly DeliveryOutcome[],
): DeliveryReport {
  const all = Array.isArray(outcomes) ? outcomes : delivery.recipients.map(() => outcomes);
  const bad = all.find((outcome) => outcome.kind !== "sent");
  return {
    outcomes: all,
    host: "relay.test:25",
    tls: null,
    error: bad === undefined ? null : bad.text,
    traceback: null,
    transcript: bad === undefined ? null : "C: QUIT",
  };
}

/** Plays the relay for one message; `transport` counts connections from 0. */
export type Script = (
  delivery: Delivery,
  options: DeliverOptions,
  transport: number,
) => DeliveryReport | Promise<DeliveryReport>;

/** A relay in memory that does what its script says, and keeps what happened. */
export class ScriptedRelay implements Relay {
  readonly delivered: Delivery[] = [];
  opened = 0;
  closed = 0;
  /** Messages in hand at this moment, and the most that ever were. */
  busy = 0;
  mostBusy = 0;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(readonly script: Script = accept, readonly name = "default") {}

  get ids(): string[] {
    return this.delivered.map((delivery) => delivery.id);
  }

  /** Resolves once `count` hand-overs in all have begun. */
  started(count: number): Promise<void> {
    if (this.delivered.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  open(): Transport {
    const number = this.opened++;
    return {
      deliver: async (delivery, options) => {
        this.delivered.push(delivery);
        for (const { count, resolve } of this.#waiting) {
          if (this.delivered.length >= count) resolve();
        }
        this.mostBusy = Math.max(this.mostBusy, ++this.busy);
        try {
          return await this.script(delivery, options, number);
        } finally {
          this.busy--;
        }
      },
      close: () => {
        this.closed++;
        return Promise.resolve();
      },
    };
  }
}

export function accept(delivery: Delivery, options: DeliverOptions): DeliveryReport {
  options.onDataBegin();
  return reportOf(delivery, SENT);
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** All bytes of a message. */
export async function contentOf(delivery: Delivery): Promise<Uint8Array> {
  if (delivery.content instanceof Uint8Array) return delivery.content;
  const pieces: Uint8Array[] = [];
  for await (const piece of delivery.content()) pieces.push(piece);
  return new Uint8Array(await new Blob(pieces.map((piece) => piece.slice())).arrayBuffer());
}
