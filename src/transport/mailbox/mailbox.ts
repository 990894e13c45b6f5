// What the relays `file:` and `maildir:` have in common: a transport that keeps each message once
// for all its recipients, with the envelope as header fields above it. Where and how is the
// mailbox's matter.

import { errorText } from "../../queue/errors.ts";
import type {
  DeliverOptions,
  Delivery,
  DeliveryReport,
  Transport,
} from "../../queue/ports/transport.ts";
import { HandOverFault, STOPPED } from "../fault.ts";
import { Outcomes, withoutReply } from "../outcomes.ts";

/** What keeps messages: an mbox file, a Maildir. */
export interface Mailbox {
  readonly path: string;
  /** Keeps a message with `fields` above it, calling `onDataBegin` first. Once it resolves the
   *  message is on disk; what it resolves to says where. Where it rejects nothing of the message
   *  is left, unless the fault says it is uncertain. Throws `HandOverFault`, and what reading the
   *  content threw. */
  store(fields: Uint8Array, delivery: Delivery, options: DeliverOptions): Promise<string>;
}

/** Keeps each message once, for all its recipients. */
export class MailboxTransport implements Transport {
  constructor(readonly mailbox: Mailbox) {}

  async deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport> {
    const outcomes = new Outcomes(delivery);
    if (options.signal.aborted) outcomes.setOpen(STOPPED);
    else if (!outcomes.isComplete) await this.#store(outcomes, options);
    return outcomes.report({ host: this.mailbox.path });
  }

  async #store(outcomes: Outcomes, options: DeliverOptions): Promise<void> {
    const { delivery } = outcomes;
    const recipients = outcomes.open().map((index) => delivery.recipients[index] ?? "");
    try {
      const fields = envelopeFields(delivery.sender, recipients);
      outcomes.setOpen(withoutReply("sent", await this.mailbox.store(fields, delivery, options)));
    } catch (error) {
      if (error instanceof HandOverFault) {
        outcomes.noteError(error.message);
        outcomes.setOpen(error.outcome);
        return;
      }
      const text = `Storing the message: ${errorText(error)}`;
      outcomes.noteError(text);
      outcomes.noteThrown(error);
      outcomes.setOpen(withoutReply("deferred", text));
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const encoder = new TextEncoder();

/** The envelope as header fields with LF line ends, as local delivery agents put them above a
 *  message: the sender (RFC 5321 4.4), and a field for each recipient. */
function envelopeFields(sender: string, recipients: readonly string[]): Uint8Array {
  const deliveredTo = recipients.map((recipient) => `Delivered-To: ${recipient}\n`).join("");
  return encoder.encode(`Return-Path: <${sender}>\n${deliveredTo}`);
}
