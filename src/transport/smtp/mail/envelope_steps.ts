// The steps of an SMTP envelope (RSET where it is due, MAIL, a RCPT for each recipient, DATA) and
// the command of each. The transaction goes through them; it judges the replies.

import type { Delivery } from "../../../queue/ports/transport.ts";
import { addressFor, isUnicode } from "../../envelope.ts";
import type { Timeouts } from "../connection/timers.ts";
import type { Session } from "../session/session.ts";
import { mailParameters, rcptParameters } from "./dsn.ts";

/** One command of the envelope, named by the phase that it is. */
export type Step =
  | { readonly phase: "reset" | "mail" | "data" }
  /** `index` is the recipient's in the delivery. */
  | { readonly phase: "rcpt"; readonly index: number };

const RESET: Step = { phase: "reset" };
const MAIL: Step = { phase: "mail" };
const DATA: Step = { phase: "data" };

/** The steps for the recipients at `indices`, in their order; DATA is the last. RSET comes first
 *  where the transaction before was left open. */
export function envelopeSteps(
  indices: readonly number[],
  { needsReset }: Pick<Session, "needsReset">,
): readonly Step[] {
  const recipients = indices.map((index): Step => ({ phase: "rcpt", index }));
  return needsReset ? [RESET, MAIL, ...recipients, DATA] : [MAIL, ...recipients, DATA];
}

/** What a transaction hands over: a message to those of its recipients at `indices`. */
export interface Envelope {
  readonly delivery: Delivery;
  readonly indices: readonly number[];
}

/** The command line of a step, with its CRLF. */
export function commandOf(step: Step, session: Session, envelope: Envelope): string {
  switch (step.phase) {
    case "reset":
      return "RSET\r\n";
    case "mail":
      return mailCommand(session, envelope);
    case "rcpt":
      return rcptCommand(session, envelope.delivery, step.index);
    case "data":
      return "DATA\r\n";
  }
}

/** How long the reply to a step may take, in ms. */
export function limitOf({ phase }: Step, timeouts: Timeouts): number {
  if (phase === "rcpt") return timeouts.rcptMs;
  return phase === "data" ? timeouts.dataMs : timeouts.mailMs;
}

/** MAIL with the parameters that the server knows. */
function mailCommand(session: Session, { delivery, indices }: Envelope): string {
  const { takesSize, takesEightBit, takesUnicode, takesDsn } = session;
  let line = `MAIL FROM:<${addressFor(session, delivery.sender)}>`;
  if (takesSize) line += ` SIZE=${delivery.sizeBytes}`;
  if (takesEightBit && delivery.isEightBit) line += " BODY=8BITMIME";
  if (takesDsn) line += mailParameters(delivery.dsn);
  const isUnicodeEnvelope = takesUnicode && (isUnicode(delivery.sender) ||
    indices.some((index) => isUnicode(delivery.recipients[index] ?? "")));
  return line + (isUnicodeEnvelope ? " SMTPUTF8\r\n" : "\r\n");
}

/** RCPT for the recipient at `index`. */
function rcptCommand(session: Session, delivery: Delivery, index: number): string {
  const asked = session.takesDsn ? rcptParameters(delivery.dsn?.recipients[index]) : "";
  const address = addressFor(session, delivery.recipients[index] ?? "");
  return `RCPT TO:<${address}>${asked}\r\n`;
}
