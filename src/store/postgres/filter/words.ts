// The words of a message as rows of `words`, and a search as a condition on them. What a word is, and
// what is looked for, says sql/words.ts.

import type { HeaderDisplay, NewMessage } from "../../../queue/message.ts";
import type { Condition } from "../../sql/condition.ts";
import { readSearch, wordsOf } from "../../sql/words.ts";

/** Longer words are cut, here and in searches: a lexeme has 2 KB at most. */
const WORD_CHARS = 500;
/** Words in one row. A lexeme is remembered at 255 places at most (postgresql.org/docs/current/
 *  textsearch-limitations.html), so in a longer row phrases would be missed. */
const ROW_WORDS = 250;
/** Places between two fields, so that no phrase reaches over. */
const GAP = 10;

/** The rows of a message's words, each a text that PostgreSQL reads as a tsvector. */
export function wordRows({ display, sender, recipients }: WordSource): string[] {
  const rows: string[] = [];
  let row: string[] = [];
  let place = 1;
  const end = () => {
    if (row.length > 0) rows.push(row.join(" "));
    row = [];
    place = 1;
  };
  const add = (text: string | null) => {
    const words = text === null ? [] : wordsOf(text);
    if (row.length + words.length > ROW_WORDS) end();
    // A text longer than a row goes over several, each with the last word of the one before.
    for (const [i, word] of words.entries()) {
      if (row.length >= ROW_WORDS) {
        end();
        const before = words[i - 1];
        if (before !== undefined) row.push(lexeme(before, place++));
      }
      row.push(lexeme(word, place++));
    }
  };
  add(display.subject);
  place += GAP;
  for (const text of addressTexts(display, sender, recipients)) add(text);
  place += GAP;
  add(display.messageId);
  end();
  return rows;
}

type WordSource = Pick<NewMessage, "display" | "sender" | "recipients">;

function addressTexts(
  { from, to }: HeaderDisplay,
  sender: string,
  recipients: readonly string[],
): ReadonlySet<string> {
  return new Set([sender, ...recipients, ...[from, to].filter((text) => text !== null)]);
}

// Words are of letters and digits alone: nothing in them could end the quotes.
function lexeme(word: string, place: number): string {
  return `'${word.slice(0, WORD_CHARS)}':${place}`;
}

/** The condition that a message has the words of a search. Throws `usage` for a text that is too
 *  long. */
export function searchCondition(text: string): Condition {
  const search = readSearch(text);
  if (search === null) return { sql: "TRUE", values: [] };
  if (search.length === 0) return { sql: "FALSE", values: [] };
  return {
    sql: search.map(() =>
      "message.seq IN (SELECT words.seq FROM words WHERE words.words @@ ?::tsquery)"
    ).join(" AND "),
    values: search.map((phrase) =>
      phrase.map((word, i) =>
        `'${word.slice(0, WORD_CHARS)}'${i === phrase.length - 1 ? ":*" : ""}`
      ).join(" <-> ")
    ),
  };
}
