import type { DeliverOptions, Delivery, Relay } from "../../src/queue/ports/transport.ts";
import { smtpRelay, type SmtpRelayOptions } from "../../src/transport/smtp/relay.ts";
import type { Timeouts } from "../../src/transport/smtp/connection/timers.ts";
import { latin1 } from "./smtp_script.ts";

export const SENDER = "sender@example.com";

/** A small message with what delivery knows of it counted from its bytes. */
export function deliveryOf(
  recipients: readonly string[],
  content: string | Uint8Array = "Subject: test\r\n\r\nHello\r\n",
  sender: string = SENDER,
): Delivery {
  const bytes = typeof content === "string" ? latin1(content) : content;
  return { id: "0123456789ab", sender, recipients, content: bytes, ...factsOf(bytes) };
}

function factsOf(bytes: Uint8Array) {
  let dotLines = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 46 && (i === 0 || bytes[i - 1] === 10)) dotLines++;
  }
  return { sizeBytes: bytes.length, dotLines, isEightBit: bytes.some((byte) => byte > 127) };
}

/** The same message, read in pieces of `size` bytes, often anew. */
export function inPieces(delivery: Delivery, size: number): Delivery {
  const bytes = delivery.content;
  if (!(bytes instanceof Uint8Array)) throw new TypeError("expected whole content");
  const content = async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  };
  return { ...delivery, content };
}

/** Options of a hand-over that nobody stops. */
export function unhindered(): DeliverOptions {
  return { onDataBegin() {}, signal: new AbortController().signal };
}

/** A relay on 127.0.0.1; nothing it waits for lasts longer than a second unless said so. */
export function relayOn(
  port: number,
  timeouts: Partial<Timeouts> = {},
  more: Partial<SmtpRelayOptions> = {},
): Relay {
  const options = { name: "test", host: "127.0.0.1", port, heloName: "client.example", timeouts };
  return smtpRelay({ ...options, ...more });
}
