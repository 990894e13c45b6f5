// A filter's conditions as PostgreSQL says them: LIKE or a regular expression, lists as arrays, words
// by tsvectors. The filter itself is sql/filter_sql.ts's.

import type { FilterDialect } from "../../sql/filter_sql.ts";
import { casesOf, isAscii, likeText, type Pattern } from "../../sql/pattern.ts";
import { json } from "../db/transaction.ts";
import { searchCondition } from "./words.ts";

export const POSTGRES: FilterDialect = {
  matcher,
  idIn: (ids) => ({
    sql: "id IN (SELECT jsonb_array_elements_text(?::jsonb))",
    values: [json(ids)],
  }),
  search: searchCondition,
};

/** The columns' collation is "C", so ILIKE knows the case of ASCII letters only. */
function matcher(
  column: string,
  pattern: Pattern,
): { readonly sql: string; readonly value: string } {
  const { text, isOpenBefore, isOpenAfter } = pattern;
  if (isAscii(text)) return { sql: `${column} ILIKE ?`, value: likeText(pattern) };
  const middle = Array.from(text, anyCase).join("");
  return {
    sql: `${column} ~ ?`,
    value: `${isOpenBefore ? "" : "\\A"}${middle}${isOpenAfter ? "" : "\\Z"}`,
  };
}

/** The regular expression of a letter in both cases. */
function anyCase(character: string): string {
  const cases = casesOf(character);
  if (cases.length > 1) return `[${cases.join("")}]`;
  return /[\p{L}\p{N}\s]/u.test(character) || !isAscii(character) ? character : `\\${character}`;
}
