import type { DeliverOptions, Delivery, DeliveryReport, Relay, Transport } from "../queue/ports.ts";
import { Tally, withoutReply } from "./tally.ts";

/** A relay that takes everything and keeps nothing: for measuring and for rehearsals. */
export function nullRelay(name: string): Relay {
  return { name, open: () => new NullTransport() };
}

const TAKEN = withoutReply("sent", "discarded");

class NullTransport implements Transport {
  deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport> {
    const tally = new Tally(delivery);
    if (options.signal.aborted) {
      tally.settleOpen(withoutReply("deferred", "Stopped before sending"));
    } else if (!tally.isComplete) {
      options.onDataBegin();
      tally.settleOpen(TAKEN);
    }
    return Promise.resolve(tally.report(null, null, () => null));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
