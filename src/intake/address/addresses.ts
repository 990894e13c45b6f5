// Reads address lists as headers have them: names, groups, comments, quoted parts. Called for
// header fields, flags and drafts; what mail is sent to is envelope.ts's decision.

import type { MailqError } from "../../queue/errors.ts";
import type { DoubtfulEntry } from "./address_check.ts";
import { addressError, isAddress, isLocalName } from "./address_syntax.ts";
import { controlAt } from "../header/headers.ts";

/** One address of a list. */
export interface ListedAddress {
  /** As it was written: with a domain, or the bare name of a local recipient. */
  readonly address: string;
  readonly isLocal: boolean;
}

/** What an address list holds. */
export interface AddressList {
  readonly addresses: readonly ListedAddress[];
  /** Entries that name nobody one could write to, such as `Joe Bloggs`. */
  readonly nameless: readonly string[];
}

/** Reads an address list as RFC 5322 3.4 writes it: names, groups, comments, quoted local parts,
 *  empty entries. `place` says where the text stands. Throws `bad_address` for control
 *  characters, for two addresses in one entry, for an unquoted `@` in a name and for whatever
 *  cannot be read beyond doubt. Each address is part of `text`, letter by letter, but for comments
 *  within it, as in `ann(work)@example.net`.
 *
 *  Entries of words, simple quoted strings and angle brackets are read here alone; any other is
 *  also shown to nodemailer's parser, and both must find the same address. */
export async function readAddresses(text: string, place: string): Promise<AddressList> {
  const list = new AddressReader(text, place).read();
  if (list.doubtful.length > 0) {
    const { confirmAddresses }: typeof import("./address_check.ts") = await import(
      import.meta.resolve("./address_check.ts")
    );
    confirmAddresses(list.doubtful, place);
  }
  return list;
}

const TAB = 9;
const BLANK = 32;
const QUOTE = 34;
const OPEN_COMMENT = 40;
const CLOSE_COMMENT = 41;
const COMMA = 44;
const COLON = 58;
const SEMICOLON = 59;
const OPEN_ANGLE = 60;
const CLOSE_ANGLE = 62;
const AT = 64;
const OPEN_LITERAL = 91;
const BACKSLASH = 92;

/** A single walk over the text; it never goes back. */
class AddressReader {
  readonly addresses: ListedAddress[] = [];
  readonly nameless: string[] = [];
  readonly doubtful: DoubtfulEntry[] = [];
  #at = 0;
  #isInGroup = false;
  // The entry at hand.
  #start = 0;
  #words = 0;
  #word = "";
  /** Its text without the comments that stand within an address. */
  #shown = "";
  #shownFrom = 0;
  #hasAt = false;
  #angle: string | null = null;
  #isPlain = true;

  constructor(readonly text: string, readonly place: string) {}

  read(): this {
    // Controls first: whatever reads the text afterwards cannot be led astray by a line end.
    const control = controlAt(this.text);
    if (control >= 0) {
      this.#start = Math.max(0, control - 20);
      throw this.#error("a line end, NUL or other control character");
    }
    const size = this.text.length;
    while (this.#at < size) this.#step(this.text.charCodeAt(this.#at));
    this.#endEntry();
    return this;
  }

  #step(code: number): void {
    switch (code) {
      case BLANK:
      case TAB:
        this.#at++;
        return;
      case COMMA:
        return this.#endEntry();
      case SEMICOLON:
        this.#endEntry();
        this.#isInGroup = false;
        return;
      case COLON:
        return this.#beginGroup();
      case OPEN_COMMENT:
        this.#isPlain = false;
        this.#at = this.#commentEnd();
        return;
      case OPEN_ANGLE:
        return this.#readAngle();
      case CLOSE_ANGLE:
      case CLOSE_COMMENT:
        throw this.#error(`a "${String.fromCharCode(code)}" that closes nothing`);
      default:
        return this.#readWord();
    }
  }

  /** A run of characters and quoted strings without a blank in between. */
  #readWord(): void {
    if (this.#angle !== null) throw this.#error("text after the address");
    this.#words++;
    this.#word = "";
    let from = this.#at;
    let code = this.text.charCodeAt(this.#at);
    while (!endsWord(code) || this.#isCommentAtSign()) {
      if (code === OPEN_COMMENT) {
        this.#word += this.text.slice(from, this.#at);
        from = this.#skipComment();
      } else if (code === QUOTE) this.#at = this.#stringEnd();
      else if (code === OPEN_LITERAL && this.text.charCodeAt(this.#at - 1) === AT) {
        this.#at = this.#literalEnd();
      } else {
        if (code === AT) this.#hasAt = true;
        if (code === BACKSLASH) this.#isPlain = false;
        this.#at++;
      }
      code = this.text.charCodeAt(this.#at);
    }
    this.#word += this.text.slice(from, this.#at);
  }

  /** Whether a comment begins here that touches an address's `@`. */
  #isCommentAtSign(): boolean {
    if (this.text.charCodeAt(this.#at) !== OPEN_COMMENT) return false;
    return this.text.charCodeAt(this.#at - 1) === AT ||
      this.text.charCodeAt(this.#commentEnd()) === AT;
  }

  /** Goes past a comment within an address, and returns where. */
  #skipComment(): number {
    this.#isPlain = false;
    this.#shown += this.text.slice(this.#shownFrom, this.#at);
    this.#at = this.#shownFrom = this.#commentEnd();
    return this.#at;
  }

  #readAngle(): void {
    if (this.#angle !== null) throw this.#error("two addresses in one entry");
    let from = ++this.#at;
    let address = "";
    let code = this.text.charCodeAt(this.#at);
    while (code !== CLOSE_ANGLE) {
      if (Number.isNaN(code)) throw this.#error('a "<" without its ">"');
      if (code === OPEN_ANGLE) throw this.#error("two addresses in one entry");
      if (code === QUOTE) {
        this.#isPlain = false;
        this.#at = this.#stringEnd();
      } else if (this.#isCommentAtSign()) {
        address += this.text.slice(from, this.#at);
        from = this.#skipComment();
      } else if (code === OPEN_LITERAL && this.text.charCodeAt(this.#at - 1) === AT) {
        this.#at = this.#literalEnd();
      } else this.#at++;
      code = this.text.charCodeAt(this.#at);
    }
    this.#angle = trimBlanks(address + this.text.slice(from, this.#at));
    this.#at++;
  }

  #beginGroup(): void {
    if (this.#isInGroup) throw this.#error("a group within a group");
    if (this.#hasAt || this.#angle !== null) throw this.#error('a ":" after an address');
    if (this.#words === 0) throw this.#error("a group without a name");
    this.#isInGroup = true;
    this.#at++;
    this.#beginEntry();
  }

  #beginEntry(): void {
    this.#start = this.#shownFrom = this.#at;
    this.#shown = "";
    this.#words = 0;
    this.#hasAt = false;
    this.#angle = null;
    this.#isPlain = true;
  }

  /** Takes what the entry holds and steps over the character that ends it. */
  #endEntry(): void {
    if (this.#angle !== null) {
      // An address in front of another is how mail is led astray: parsers differ on which counts.
      if (this.#hasAt) throw this.#error("two addresses in one entry, or an unquoted @ in a name");
      this.#take(this.#angle);
    } else if (this.#words === 1) {
      if (this.#hasAt || isLocalName(this.#word)) this.#take(this.#word);
      else this.nameless.push(this.#word);
    } else if (this.#words > 1) {
      if (this.#hasAt) throw this.#error("two addresses in one entry, or an unquoted @ in a name");
      this.nameless.push(this.#entryText());
    }
    this.#at++;
    this.#beginEntry();
  }

  #take(address: string): void {
    const isLocal = isLocalName(address);
    if (!isLocal && !isAddress(address)) throw this.#error("no address; expected name@example.org");
    this.addresses.push({ address, isLocal });
    const isOdd = !this.#isPlain || address.startsWith('"') || address.endsWith("]");
    if (isOdd) this.doubtful.push({ text: this.#entryText(), address });
  }

  /** Just past the quoted string that begins here. */
  #stringEnd(): number {
    for (let at = this.#at + 1; at < this.text.length; at++) {
      const code = this.text.charCodeAt(at);
      if (code === QUOTE) return at + 1;
      if (code === BACKSLASH) {
        this.#isPlain = false;
        at++;
      }
    }
    throw this.#error("a quoted string without its end");
  }

  #literalEnd(): number {
    const end = this.text.indexOf("]", this.#at);
    if (end < 0) throw this.#error('a "[" without its "]"');
    return end + 1;
  }

  /** Just past the comment that begins here; comments nest (RFC 5322 3.2.2). */
  #commentEnd(): number {
    let depth = 0;
    for (let at = this.#at; at < this.text.length; at++) {
      const code = this.text.charCodeAt(at);
      if (code === BACKSLASH) at++;
      else if (code === OPEN_COMMENT) depth++;
      else if (code === CLOSE_COMMENT && --depth === 0) return at + 1;
    }
    throw this.#error("a comment without its end");
  }

  #entryText(): string {
    return trimBlanks(this.#shown + this.text.slice(this.#shownFrom, this.#at));
  }

  #error(why: string): MailqError {
    const rest = this.text.slice(this.#start, Math.max(this.#at, this.#start + 60));
    return addressError(trimBlanks(rest), this.place, why);
  }
}

/** Whether a character ends a run without blanks; past the end of the text the code is NaN. */
function endsWord(code: number): boolean {
  switch (code) {
    case BLANK:
    case TAB:
    case OPEN_COMMENT:
    case CLOSE_COMMENT:
    case COMMA:
    case COLON:
    case SEMICOLON:
    case OPEN_ANGLE:
    case CLOSE_ANGLE:
      return true;
    default:
      return Number.isNaN(code);
  }
}

/** Blanks and tabs only: to trim() many characters of an address are blanks. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && (text.charCodeAt(start) === BLANK || text.charCodeAt(start) === TAB)) {
    start++;
  }
  while (end > start && (text.charCodeAt(end - 1) === BLANK || text.charCodeAt(end - 1) === TAB)) {
    end--;
  }
  return text.slice(start, end);
}
