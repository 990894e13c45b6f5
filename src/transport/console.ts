import { errorText } from "../queue/errors.ts";
import type { DeliverOptions, Delivery, DeliveryReport, Relay, Transport } from "../queue/ports.ts";
import { Tally, withoutReply } from "./tally.ts";

/** Writes all of `bytes` or rejects. */
export type Writer = (bytes: Uint8Array) => Promise<void>;

const encoder = new TextEncoder();

/** A relay that writes each message, envelope first, to `write` instead of sending it. Messages
 *  of several connections do not mix. */
export function consoleRelay(name: string, write: Writer): Relay {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
  return { name, open: () => new ConsoleTransport(write, inTurn) };
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

class ConsoleTransport implements Transport {
  constructor(readonly write: Writer, readonly inTurn: InTurn) {}

  deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport> {
    return this.inTurn(() => this.#deliver(delivery, options));
  }

  async #deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport> {
    const tally = new Tally(delivery);
    if (options.signal.aborted) {
      tally.settleOpen(withoutReply("deferred", "Stopped before sending"));
    } else if (!tally.isComplete) {
      try {
        await this.#writeMessage(delivery, tally, options);
        tally.settleOpen(withoutReply("sent", "written"));
      } catch (error) {
        const text = `Writing the message: ${errorText(error)}`;
        tally.noteError(text);
        tally.noteThrown(error);
        tally.settleOpen(withoutReply("deferred", text));
      }
    }
    return tally.report(null, null, () => null);
  }

  async #writeMessage(delivery: Delivery, tally: Tally, options: DeliverOptions): Promise<void> {
    const { id, sender, content } = delivery;
    const to = tally.open().map((index) => `<${delivery.recipients[index]}>`).join(" ");
    const head = encoder.encode(`--- ${id} from <${sender}> to ${to}\n`);
    options.onDataBegin();
    await this.write(head);
    if (content instanceof Uint8Array) await this.write(content);
    else for await (const piece of content()) await this.write(piece);
    await this.write(encoder.encode(`--- end of ${id}\n`));
  }

  async close(): Promise<void> {
    await this.inTurn(() => Promise.resolve());
  }
}
