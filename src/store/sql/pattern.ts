// A text that is looked for in a column, in any case. filter_sql.ts makes patterns; each database
// compares them in its own way (filter/dialect.ts).

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

/** Whether a database that knows the case of ASCII letters alone can compare it. */
export function isAscii(text: string): boolean {
  // deno-lint-ignore no-control-regex -- all of ASCII is meant
  return /^[\x00-\x7f]*$/.test(text);
}

/** A pattern of ASCII as LIKE has it, with `\\` as the escape. */
export function likeText({ text, isOpenBefore, isOpenAfter }: Pattern): string {
  const middle = text.replace(/[\\%_]/g, "\\$&");
  return (isOpenBefore ? "%" : "") + middle + (isOpenAfter ? "%" : "");
}

/** A character in both cases, as far as each is one character. */
export function casesOf(character: string): string[] {
  const cases = new Set([character, character.toLowerCase(), character.toUpperCase()]);
  return [...cases].filter((one) => Array.from(one).length === 1);
}
