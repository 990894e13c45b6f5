import { isUnicode } from "../../envelope.ts";
import { type Tally, withoutReply } from "../../tally.ts";

/** A message over the server's limit would be refused once all of it had been sent (RFC 1870). */
export function failOversize(tally: Tally, maxSizeBytes: number): void {
  const { sizeBytes } = tally.delivery;
  if (sizeBytes <= maxSizeBytes) return;
  const text = `The message has ${sizeBytes} bytes and the relay takes ${maxSizeBytes} at most`;
  tally.noteError(text);
  tally.settleOpen({ ...withoutReply("failed", text), enhanced: "5.3.4", phase: "mail" });
}

/** An address outside ASCII may only go to a server that knows SMTPUTF8 (RFC 6531 3.2). */
export function failUnicode(tally: Tally): void {
  const { sender, recipients } = tally.delivery;
  const isSenderUnicode = isUnicode(sender);
  for (let index = 0; index < recipients.length; index++) {
    const address = isSenderUnicode ? sender : recipients[index] ?? "";
    if (!isSenderUnicode && !isUnicode(address)) continue;
    const text = `The relay does not know SMTPUTF8, which the address <${address}> needs`;
    tally.noteError(text);
    const phase = isSenderUnicode ? "mail" : "rcpt";
    tally.settle(index, { ...withoutReply("failed", text), enhanced: "5.6.7", phase });
  }
}
