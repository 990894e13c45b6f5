// The relay `console:`: writes each message to the program's output instead of sending it. Made by
// `open_relay.ts`; what the output is, the program says.

import { errorText } from "../queue/errors.ts";
import type {
  DeliverOptions,
  Delivery,
  DeliveryReport,
  Relay,
  Transport,
} from "../queue/ports/transport.ts";
import { STOPPED } from "./fault.ts";
import { Outcomes, withoutReply } from "./outcomes.ts";

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
    const outcomes = new Outcomes(delivery);
    if (options.signal.aborted) {
      outcomes.setOpen(STOPPED);
    } else if (!outcomes.isComplete) {
      try {
        await this.#writeMessage(delivery, outcomes, options);
        outcomes.setOpen(withoutReply("sent", "written"));
      } catch (error) {
        const text = `Writing the message: ${errorText(error)}`;
        outcomes.noteError(text);
        outcomes.noteThrown(error);
        outcomes.setOpen(withoutReply("deferred", text));
      }
    }
    return outcomes.report({ host: null });
  }

  async #writeMessage(
    delivery: Delivery,
    outcomes: Outcomes,
    options: DeliverOptions,
  ): Promise<void> {
    const { id, sender, content } = delivery;
    const to = outcomes.open().map((index) => `<${delivery.recipients[index]}>`).join(" ");
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
