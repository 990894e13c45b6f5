// The Received field that mail over a network gets (RFC 5321 4.4), and the end of mail that goes
// round in circles. Loaded by prepare.ts for such mail alone.

import { MailqError } from "../../queue/errors.ts";
import type { AddedField } from "./edit.ts";
import { hasField, signedNames } from "./edit.ts";
import { type Header, spells } from "./headers.ts";

/** Hosts that mail may have passed (RFC 5321 6.3 asks for 100). */
const MAX_HOPS = 100;

/** The field with this value, but where a signature says that there is none. Throws `bad_message` for
 *  mail that has passed too many hosts. */
export function traceFields(bytes: Uint8Array, header: Header, value: string): AddedField[] {
  const hops =
    header.fields.filter(({ start, nameEnd }) => spells(bytes, start, nameEnd, "received")).length;
  if (hops >= MAX_HOPS) {
    throw new MailqError(
      "bad_message",
      `Cannot queue a message that has passed ${hops} hosts already: it goes round in circles`,
    );
  }
  const isSigned = hops === 0 && hasField(header, "dkim-signature") &&
    signedNames(bytes, header).has("received");
  return isSigned ? [] : [{ name: "Received", value }];
}
