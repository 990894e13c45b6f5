// What addresses may stand in an envelope, and how they are written there. Every transport asks
// before it writes anything; what an address means is intake's matter.

import { asciiAddress, isAscii } from "../queue/domain.ts";

// What an address on the wire may be: an optional quoted local part, which may hold blanks and
// angle brackets, then nothing that could end the path or begin a parameter.
// deno-lint-ignore no-control-regex
const SAFE_ADDRESS = /^(?:"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*")?[^\x00-\x20\x7f<>]*$/;

/** Why `address` can go into no envelope, or null where it can. Every transport asks this before
 *  it writes anything: an address with a line end or a bracket in it would be read as commands. */
export function addressFault(address: string): string | null {
  if (address === "") return "The address is empty";
  if (SAFE_ADDRESS.test(address)) return null;
  return `Cannot use the address ${JSON.stringify(address)}: ` +
    "line ends, control characters, blanks and angle brackets are not allowed";
}

/** Whether `text` has characters outside ASCII. */
export function isUnicode(text: string): boolean {
  return !isAscii(text);
}

/** An address as a relay can be told it: one that does not know SMTPUTF8 gets the domain as DNS
 *  writes it. */
export function addressFor(
  { takesUnicode }: { readonly takesUnicode: boolean },
  address: string,
): string {
  return takesUnicode ? address : asciiAddress(address);
}
