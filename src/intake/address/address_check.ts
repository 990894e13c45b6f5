// Asks a second parser what doubtful address entries mean, so that no relay reads one another way.
// Called by addresses.ts, which loads it only for such entries.

import parse from "nodemailer/lib/addressparser";
import { addressError } from "./address_syntax.ts";

/** An entry that two parsers shall agree on. */
export interface DoubtfulEntry {
  readonly text: string;
  readonly address: string;
}

/** Asks nodemailer's parser what each entry means. Throws `bad_address` for one it reads another
 *  way than we did: then a relay might, too. */
export function confirmAddresses(entries: readonly DoubtfulEntry[], place: string): void {
  for (const { text, address } of entries) {
    const found = parse(text, { flatten: true });
    // A bare name comes back as a name without an address.
    const theirs = found[0]?.address || found[0]?.name || "";
    const isSame = found.length === 1 && unquoted(theirs) === unquoted(address);
    if (!isSame && !isBareName(address, found[0]?.address)) {
      throw addressError(text, place, "it can be read in more than one way");
    }
  }
}

/** `root (Cron Daemon)`: the comment is part of the name that comes back. */
function isBareName(address: string, theirs: string | undefined): boolean {
  return !address.includes("@") && theirs === "";
}

/** The parser drops quotes that a local part does not need. */
function unquoted(address: string): string {
  const match = /^"(.*)"@([^"]*)$/.exec(address);
  if (match === null) return address;
  return `${(match[1] ?? "").replace(/\\(.)/g, "$1")}@${match[2]}`;
}
