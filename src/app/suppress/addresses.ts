// The addresses that go on the do-not-send list: checked one by one, or read from a file's text. Called
// by `mailq suppress` and the screen; the list itself is the store's.

import { isAddress } from "../../intake/address/address_syntax.ts";
import { MailqError } from "../../queue/errors.ts";

/** The address, if it is one. Throws `bad_address`; `place` says where it stands. */
export function checkAddress(text: string, place = ""): string {
  if (isAddress(text)) return text;
  throw new MailqError(
    "bad_address",
    `Cannot list ${JSON.stringify(text)}${place}: expected an address such as bob@example.org`,
  );
}

/** One address a line; # begins a comment. Throws `bad_address` for the first that is none. */
export function readAddressList(text: string): string[] {
  return text.split("\n").flatMap((line, i) => {
    // An address may hold a #, but no blank before it.
    const entry = line.replace(/(^|\s)#.*/, "").trim();
    return entry === "" ? [] : [checkAddress(entry, ` in line ${i + 1}`)];
  });
}
