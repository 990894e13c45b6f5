// What counts as a word of a text and of a search. Index and row-by-row search share it, so that
// both find the same.

import { MailqError } from "../../queue/errors.ts";

/** The longest text looked for: no subject or address in the queue is longer. */
const MAX_SEARCH_CHARS = 1_000;

// Scripts without blanks between words: each letter is a word of its own, so that a part of a
// text is found wherever it stands.
const UNSPACED =
  "\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}";
const WORD = new RegExp(`[${UNSPACED}]|(?:(?![${UNSPACED}])[\\p{L}\\p{N}])+`, "gu");
// deno-lint-ignore no-control-regex -- all of ASCII is meant
const ASCII = /^[\x00-\x7f]*$/;

/** The words of a text: runs of letters and digits, in one case and without accents. Whatever
 *  else stands in it separates words. */
export function wordsOf(text: string): string[] {
  if (ASCII.test(text)) return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  // By capitals, as ß is SS in them; of the two small sigmas one is left.
  const folded = text.normalize("NFKD").toUpperCase().toLowerCase().replace(/\p{M}+/gu, "")
    .replaceAll("ς", "σ");
  return folded.match(WORD) ?? [];
}

/** What is looked for: phrases, each of words that stand side by side in one field, the last of
 *  them as the beginning of a word. A text must have all of the phrases. */
export type Search = readonly (readonly string[])[];

/** Reads what a person looks for: each run without blanks is a phrase. Null where the text is
 *  blank; an empty search, which nothing matches, where it has no letter or digit. Throws `usage`
 *  for a text longer than any in the queue. */
export function readSearch(text: string): Search | null {
  if (text.length > MAX_SEARCH_CHARS) {
    throw new MailqError(
      "usage",
      `Cannot search for a text of ${text.length} characters: expected at most ${MAX_SEARCH_CHARS}`,
    );
  }
  if (text.trim() === "") return null;
  const phrases = new Map<string, readonly string[]>();
  for (const part of text.split(/\s+/)) {
    const words = wordsOf(part);
    if (words.length > 0) phrases.set(words.join(" "), words);
  }
  return [...phrases.values()];
}

/** Whether fields hold all that is looked for; what the index would say of them. */
export function hasWords(search: Search, fields: readonly (readonly string[])[]): boolean {
  return search.length > 0 &&
    search.every((phrase) => fields.some((words) => hasPhrase(words, phrase)));
}

function hasPhrase(words: readonly string[], phrase: readonly string[]): boolean {
  const last = phrase.length - 1;
  const beginning = phrase[last] ?? "";
  return words.some((_, at) =>
    words[at + last]?.startsWith(beginning) === true &&
    phrase.every((word, i) => i === last || words[at + i] === word)
  );
}
