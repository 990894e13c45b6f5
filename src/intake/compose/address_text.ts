// Writes address lists for the headers of composed mail: encoded words, domains in ASCII. header.ts
// calls it with lists that address/addresses.ts has read.

import { asciiAddress, isAscii } from "../../queue/domain.ts";
import { encodedWords } from "../header/encoded_words.ts";

const QUOTED = /"(?:[^"\\]|\\[^])*"/y;
const ANGLE = /<(?:"(?:[^"\\]|\\[^])*"|[^">])*>/y;
const BLANKS = /[ \t]+/y;
const LITERAL = /\[[^\]]*\]/y;
/** So that the first encoded word has room beside the field's name. */
const FIRST_BYTES = 36;
const WORD_END = /[ \t,;:<>()]/;

/** An address list for a header: names beyond ASCII in encoded words, domains beyond ASCII in
 *  their ASCII form where the local part allows it, all else as it was. `text` is a list that
 *  `readAddresses` took; local names in it get `localHost`, null where there are none. Takes time
 *  in proportion to its length. */
export function encodeList(text: string, localHost: string | null): string {
  const trimmed = text.replaceAll("\t", " ").trim();
  return localHost === null && /^[ -~]*$/.test(trimmed) && !/,[^ ]/.test(trimmed)
    ? trimmed
    : new ListEncoder(trimmed, localHost).encode();
}

/** A mailbox for a header. */
export function encodeMailbox(name: string | null, address: string): string {
  const shown = name?.replaceAll("\t", " ").trim() ?? "";
  const encoded = asciiAddress(address);
  // Many programs take a quoted local part for a name, where it stands alone.
  if (shown === "") return encoded.startsWith('"') ? `<${encoded}>` : encoded;
  if (/^[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]{1,200}$/.test(shown) && !shown.includes("=?")) {
    return `${shown} <${encoded}>`;
  }
  const isPlain = /^[ -~]{1,200}$/.test(shown) && !shown.includes("=?");
  const phrase = isPlain
    ? `"${shown.replace(/["\\]/g, "\\$&")}"`
    : encodedWords(shown, FIRST_BYTES);
  return `${phrase} <${encoded}>`;
}

/** One walk over a list that is known to be well-formed. */
class ListEncoder {
  #at = 0;
  #out = "";
  /** Words and quoted strings of a name, not yet written. */
  #phrase: { readonly raw: string; readonly text: string }[] = [];
  /** Whether the entry at hand is a bare word so far. */
  #isBare = true;

  constructor(readonly text: string, readonly localHost: string | null) {}

  encode(): string {
    while (this.#at < this.text.length) this.#step(this.text.charAt(this.#at));
    this.#endEntry();
    return this.#out.trim();
  }

  #step(char: string): void {
    if (char === " ") this.#match(BLANKS);
    else if (char === "<") {
      this.#endPhrase();
      const address = this.#match(ANGLE).slice(1, -1).trim();
      this.#isBare = false;
      this.#write(`<${address.includes("@") ? asciiAddress(address) : this.#local(address)}>`);
    } else if (char === "(") {
      this.#endPhrase();
      this.#write(encodeComment(this.#comment()));
    } else if (char === "," || char === ";" || char === ":") {
      if (char === ":") this.#endPhrase();
      else this.#endEntry();
      this.#isBare = true;
      this.#out += char;
      this.#at++;
    } else this.#word();
  }

  #word(): void {
    const from = this.#at;
    let text = "";
    let isAddress = false;
    do {
      const char = this.text.charAt(this.#at);
      if (char === '"') text += unquote(this.#match(QUOTED));
      else if (char === "[" && this.text.charAt(this.#at - 1) === "@") this.#match(LITERAL);
      else {
        if (char === "@") isAddress = true;
        text += char;
        this.#at++;
      }
    } while (this.#at < this.text.length && !WORD_END.test(this.text.charAt(this.#at)));
    const raw = this.text.slice(from, this.#at);
    if (!isAddress) this.#phrase.push({ raw, text });
    else {
      this.#endPhrase();
      this.#isBare = false;
      this.#write(asciiAddress(raw));
    }
  }

  #endEntry(): void {
    const [word, second] = this.#phrase;
    if (word === undefined || second !== undefined || !this.#isBare) return this.#endPhrase();
    this.#phrase = [];
    this.#write(this.#local(word.raw));
  }

  #local(name: string): string {
    return this.localHost === null || name === "" ? name : `${name}@${this.localHost}`;
  }

  #endPhrase(): void {
    if (this.#phrase.length === 0) return;
    const isPlain = this.#phrase.every(({ raw }) => isAscii(raw));
    const part = (one: { readonly raw: string; readonly text: string }) =>
      isPlain ? one.raw : one.text;
    const phrase = this.#phrase.map(part).join(" ");
    this.#phrase = [];
    this.#write(isPlain ? phrase : encodedWords(phrase, FIRST_BYTES));
  }

  /** Writes a part of an entry, with a blank before it. */
  #write(text: string): void {
    this.#out += this.#out === "" ? text : ` ${text}`;
  }

  /** A comment with its brackets; comments nest. */
  #comment(): string {
    const from = this.#at;
    let depth = 0;
    do {
      const char = this.text.charAt(this.#at);
      if (char === "\\") this.#at++;
      else if (char === "(") depth++;
      else if (char === ")") depth--;
      this.#at++;
    } while (depth > 0 && this.#at < this.text.length);
    return this.text.slice(from, this.#at);
  }

  /** Steps over what the pattern matches here. */
  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0] ?? this.text.charAt(this.#at);
    this.#at += found.length;
    return found;
  }
}

function encodeComment(comment: string): string {
  return isAscii(comment) ? comment : `(${encodedWords(comment.slice(1, -1), FIRST_BYTES)})`;
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\([^])/g, "$1");
}
