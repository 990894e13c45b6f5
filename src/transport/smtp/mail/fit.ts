// What cannot go to a server whatever it will reply: its size limit, addresses it cannot be told.
// The transport asks before the transaction begins.

import { asciiAddress, isAscii } from "../../../queue/domain.ts";
import { type Outcomes, withoutReply } from "../../outcomes.ts";

/** A message over the server's limit would be refused once all of it had been sent (RFC 1870). */
export function failOversize(outcomes: Outcomes, maxSizeBytes: number): void {
  const { sizeBytes } = outcomes.delivery;
  if (sizeBytes <= maxSizeBytes) return;
  const text = `The message has ${sizeBytes} bytes and the relay takes ${maxSizeBytes} at most`;
  outcomes.noteError(text);
  outcomes.setOpen({ ...withoutReply("failed", text), enhanced: "5.3.4", phase: "mail" });
}

/** For a server without SMTPUTF8: an address that has no form in ASCII may not go to it (RFC 6531
 *  3.2). */
export function failUnicode(outcomes: Outcomes): void {
  const { sender, recipients } = outcomes.delivery;
  const isUnicode = (address: string) => !isAscii(asciiAddress(address));
  const isSenderUnicode = isUnicode(sender);
  for (let index = 0; index < recipients.length; index++) {
    const address = isSenderUnicode ? sender : recipients[index] ?? "";
    if (!isSenderUnicode && !isUnicode(address)) continue;
    const text = `The relay does not know SMTPUTF8, which the address <${address}> needs`;
    outcomes.noteError(text);
    const phase = isSenderUnicode ? "mail" : "rcpt";
    outcomes.set(index, { ...withoutReply("failed", text), enhanced: "5.6.7", phase });
  }
}
