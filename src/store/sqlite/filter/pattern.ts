// Compares a column with a text in any case, by LIKE or GLOB. filter_sql.ts asks; words are another
// matter (words.ts).

/** A text that a column must be, or hold where it is open, in any case. */
export interface Pattern {
  readonly text: string;
  /** Anything may come before it. */
  readonly isOpenBefore: boolean;
  /** Anything may come after it. */
  readonly isOpenAfter: boolean;
}

/** The text anywhere in a column. */
export function anywhere(text: string): Pattern {
  return { text, isOpenBefore: true, isOpenAfter: true };
}

/** The SQL that compares a column with a pattern, and the value of its placeholder. */
export function matcher(
  column: string,
  { text, isOpenBefore, isOpenAfter }: Pattern,
): { readonly sql: string; readonly value: string } {
  const around = (any: string, middle: string) =>
    (isOpenBefore ? any : "") + middle + (isOpenAfter ? any : "");
  // LIKE ignores the case of ASCII letters only.
  if (isAscii(text)) {
    return {
      sql: `${column} LIKE ? ESCAPE '\\'`,
      value: around("%", text.replace(/[\\%_]/g, "\\$&")),
    };
  }
  return { sql: `${column} GLOB ?`, value: around("*", Array.from(text, anyCase).join("")) };
}

function isAscii(text: string): boolean {
  // deno-lint-ignore no-control-regex -- all of ASCII is meant
  return /^[\x00-\x7f]*$/.test(text);
}

/** The GLOB class of a letter in both cases; of a character that GLOB reads otherwise, itself. */
function anyCase(character: string): string {
  const cases = new Set([character, character.toLowerCase(), character.toUpperCase()]);
  const single = [...cases].filter((one) => Array.from(one).length === 1);
  return single.length > 1 || /[*?[]/.test(character) ? `[${single.join("")}]` : character;
}
