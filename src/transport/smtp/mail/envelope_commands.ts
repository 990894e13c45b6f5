import type { Delivery } from "../../../queue/ports.ts";
import { isUnicode } from "../../envelope.ts";
import { mailParameters, rcptParameters } from "./dsn.ts";
import type { Session } from "../session/session.ts";

/** MAIL with what the server knows of; `indices` are the recipients of the transaction. */
export function mailCommand(
  { takesSize, takesEightBit, takesUnicode, takesDsn }: Session,
  delivery: Delivery,
  indices: readonly number[],
): string {
  let line = `MAIL FROM:<${delivery.sender}>`;
  if (takesSize) line += ` SIZE=${delivery.sizeBytes}`;
  if (takesEightBit && delivery.isEightBit) line += " BODY=8BITMIME";
  if (takesDsn) line += mailParameters(delivery.dsn);
  const isUnicodeEnvelope = takesUnicode && (isUnicode(delivery.sender) ||
    indices.some((index) => isUnicode(delivery.recipients[index] ?? "")));
  return line + (isUnicodeEnvelope ? " SMTPUTF8\r\n" : "\r\n");
}

/** RCPT for the recipient at `index`. */
export function rcptCommand({ takesDsn }: Session, delivery: Delivery, index: number): string {
  const asked = takesDsn ? rcptParameters(delivery.dsn?.recipients[index]) : "";
  return `RCPT TO:<${delivery.recipients[index]}>${asked}\r\n`;
}
