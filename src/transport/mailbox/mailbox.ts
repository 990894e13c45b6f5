import { errorText } from "../../queue/errors.ts";
import type { DeliverOptions, Delivery, DeliveryReport, Transport } from "../../queue/ports.ts";
import { HandOverFault, STOPPED } from "../fault.ts";
import { Tally, withoutReply } from "../tally.ts";

/** A place that keeps messages. */
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
    const tally = new Tally(delivery);
    if (options.signal.aborted) tally.settleOpen(STOPPED);
    else if (!tally.isComplete) await this.#store(tally, options);
    return tally.report(this.mailbox.path, null, () => null);
  }

  async #store(tally: Tally, options: DeliverOptions): Promise<void> {
    const { delivery } = tally;
    const recipients = tally.open().map((index) => delivery.recipients[index] ?? "");
    try {
      const fields = envelopeFields(delivery.sender, recipients);
      tally.settleOpen(withoutReply("sent", await this.mailbox.store(fields, delivery, options)));
    } catch (error) {
      if (error instanceof HandOverFault) {
        tally.noteError(error.message);
        tally.settleOpen(error.outcome);
        return;
      }
      const text = `Storing the message: ${errorText(error)}`;
      tally.noteError(text);
      tally.noteThrown(error);
      tally.settleOpen(withoutReply("deferred", text));
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const encoder = new TextEncoder();

/** The envelope as header fields with LF line ends, as local delivery agents put them above a
 *  message: the sender (RFC 5321 4.4), and a field for each recipient. */
export function envelopeFields(sender: string, recipients: readonly string[]): Uint8Array {
  const deliveredTo = recipients.map((recipient) => `Delivered-To: ${recipient}\n`).join("");
  return encoder.encode(`Return-Path: <${sender}>\n${deliveredTo}`);
}

/** Writes all of `bytes`. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += await file.write(bytes.subarray(at));
}

/** Brings what a folder lists to the disk: a file made, renamed or removed in it. */
export async function syncFolder(path: string): Promise<void> {
  using folder = await Deno.open(path, { read: true });
  await folder.sync();
}
