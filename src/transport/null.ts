// The relay `null:`: takes everything and keeps nothing, for measuring and for rehearsals. Made by
// `open_relay.ts`.

import type {
  DeliverOptions,
  Delivery,
  DeliveryReport,
  Relay,
  Transport,
} from "../queue/ports/transport.ts";
import { STOPPED } from "./fault.ts";
import { Outcomes, withoutReply } from "./outcomes.ts";

/** A relay that takes everything and keeps nothing: for measuring and for rehearsals. */
export function nullRelay(name: string): Relay {
  return { name, open: () => new NullTransport() };
}

const TAKEN = withoutReply("sent", "discarded");

class NullTransport implements Transport {
  deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport> {
    const outcomes = new Outcomes(delivery);
    if (options.signal.aborted) {
      outcomes.setOpen(STOPPED);
    } else if (!outcomes.isComplete) {
      options.onDataBegin();
      outcomes.setOpen(TAKEN);
    }
    return Promise.resolve(outcomes.report({ host: null }));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
