// A filter's conditions as SQLite says them: LIKE or GLOB, lists as JSON, words by FTS5. The filter
// itself is sql/filter_sql.ts's.

import type { Condition } from "../../sql/condition.ts";
import type { FilterDialect } from "../../sql/filter_sql.ts";
import { casesOf, isAscii, likeText, type Pattern } from "../../sql/pattern.ts";
import type { Connection } from "../db/connection.ts";
import { findWords, type Found } from "./search.ts";

export function sqliteDialect(db: Connection): FilterDialect {
  return {
    matcher,
    idIn: (ids) => ({
      sql: "id IN (SELECT value FROM json_each(?))",
      values: [JSON.stringify(ids)],
    }),
    search: (text) => wordsCondition(findWords(db, text)),
  };
}

/** The SQL that compares a column with a pattern, and the value of its placeholder. */
function matcher(
  column: string,
  pattern: Pattern,
): { readonly sql: string; readonly value: string } {
  const { text, isOpenBefore, isOpenAfter } = pattern;
  // LIKE ignores the case of ASCII letters only.
  if (isAscii(text)) return { sql: `${column} LIKE ? ESCAPE '\\'`, value: likeText(pattern) };
  const middle = Array.from(text, anyCase).join("");
  return {
    sql: `${column} GLOB ?`,
    value: (isOpenBefore ? "*" : "") + middle + (isOpenAfter ? "*" : ""),
  };
}

/** The GLOB class of a letter in both cases; of a character that GLOB reads otherwise, itself. */
function anyCase(character: string): string {
  const cases = casesOf(character);
  return cases.length > 1 || /[*?[]/.test(character) ? `[${cases.join("")}]` : character;
}

/** The condition that a message has the words of a search. */
export function wordsCondition(found: Found | null): Condition {
  if (found === null) return { sql: "1", values: [] };
  const { match, unindexed } = found;
  if (match === null) return { sql: "0", values: [] };
  const indexed = "seq IN (SELECT rowid FROM words WHERE words MATCH ?)";
  if (unindexed === null) return { sql: indexed, values: [match] };
  return {
    sql: `(${indexed} OR seq IN (SELECT value FROM json_each(?)))`,
    values: [match, unindexed],
  };
}
