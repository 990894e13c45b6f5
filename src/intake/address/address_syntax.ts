// What one address may look like, and the error for one that cannot be used. Called wherever an
// address comes in. It knows single addresses only; lists are addresses.ts's.

import { MailqError } from "../../queue/errors.ts";

/** RFC 5321 4.5.3.1.3 gives a path 256 octets, two of them its brackets. A local part over 64 is
 *  common (mailing lists, SES) and relays take it. */
const MAX_ADDRESS_BYTES = 254;

const ATOM = "A-Za-z0-9!#$%&'*+/=?^_`{|}~-";
// Characters beyond ASCII but controls, blanks, invisible marks, halves of pairs and U+FFFD, which
// stands for bytes that were no UTF-8 (SMTPUTF8, RFC 6531).
const WIDE = "[^\\x00-\\x7f\\p{C}\\p{Z}\\ufffd]";

const PLAIN_ADDRESS =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_]))*$/;

/** Whether the text is a whole address, local part and domain, as SMTP may be given it (RFC 5321
 *  4.1.2, RFC 6531 3.3). Lenient with dots in the local part, which some providers hand out
 *  against the rules. */
export function isAddress(text: string): boolean {
  if (text.length > MAX_ADDRESS_BYTES) return false;
  if (PLAIN_ADDRESS.test(text)) return true;
  return WideSyntax.address.test(text) && byteLength(text) <= MAX_ADDRESS_BYTES;
}

/** Whether the text can be the name of a local recipient, such as `root` or `www-data`. */
export function isLocalName(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(text) && text.length <= MAX_ADDRESS_BYTES;
}

/** Built at the first address that is not plain. */
class WideSyntax {
  static #address: RegExp | null = null;

  static get address(): RegExp {
    const quoted = `"(?:[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|${WIDE}|\\\\[\\x20-\\x7e])*"`;
    const label = `(?:[A-Za-z0-9_-]|${WIDE})+`;
    return this.#address ??= new RegExp(
      `^(?:(?:[.${ATOM}]|${WIDE})+|${quoted})` +
        `@(?:(?!-)${label}(?:\\.${label})*|\\[[A-Za-z0-9.:-]+\\])$`,
      "u",
    );
  }
}

/** The error for an entry that cannot be used. */
export function addressError(entry: string, place: string, why: string): MailqError {
  return new MailqError("bad_address", `Cannot use ${quoted(entry)} in ${place}: ${why}`);
}

/** A text for an error, cut if it is long, with nothing in it that a terminal obeys. */
export function quoted(text: string): string {
  const shown = JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
  // JSON escapes the controls below the blank alone.
  return shown.replace(
    /[\x7f-\x9f]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
