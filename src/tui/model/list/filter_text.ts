// Reads the line typed behind `/` and makes the store's filter of it. Called by dialogs.ts, list.ts
// and stats.ts. Which rows a filter finds is the store's work. Pure.

import { parseDuration } from "../../../queue/durations.ts";
import { errorText, MailqError } from "../../../queue/errors.ts";
import type { Filter } from "../../../queue/filter.ts";
import { MESSAGE_STATUSES, type MessageStatus } from "../../../queue/state.ts";

/** What a filter line asks for; ages count from the time at which it is applied. */
export interface ParsedFilter {
  /** Null = any. */
  readonly statuses: readonly MessageStatus[] | null;
  readonly terms: readonly Term[];
  readonly olderThanMs: number | null;
  readonly youngerThanMs: number | null;
}

interface Term {
  readonly field: "to" | "from" | "subject" | "tag" | "error" | "search";
  readonly value: string;
  readonly isNegated: boolean;
}

export const EMPTY_FILTER: ParsedFilter = {
  statuses: null,
  terms: [],
  olderThanMs: null,
  youngerThanMs: null,
};

const FIELDS: Readonly<Record<string, Term["field"]>> = {
  to: "to",
  from: "from",
  subject: "subject",
  subj: "subject",
  tag: "tag",
  err: "error",
  error: "error",
};

/** Reads a filter line: `status:failed,held to: from: subject: tag: err: age>2h age<1d`, each of
 *  which `!` before it negates; quotes keep blanks together; plain words are searched for. Throws
 *  `usage` saying what cannot be read. */
export function parseFilter(text: string): ParsedFilter {
  let statuses: readonly MessageStatus[] | null = null;
  let olderThanMs: number | null = null;
  let youngerThanMs: number | null = null;
  const terms: Term[] = [];
  const only = (some: readonly MessageStatus[]) => {
    statuses = (statuses ?? MESSAGE_STATUSES).filter((status) => some.includes(status));
  };
  for (const { isNegated, name, operator, value } of words(text)) {
    if (name === "status" && operator === ":") {
      const some = statusesOf(value);
      only(isNegated ? MESSAGE_STATUSES.filter((status) => !some.includes(status)) : some);
    } else if (name === "age" && operator !== ":") {
      const ms = durationOf(value);
      if ((operator === ">") !== isNegated) olderThanMs = Math.max(olderThanMs ?? 0, ms);
      else youngerThanMs = Math.min(youngerThanMs ?? Infinity, ms);
    } else if (name === null) {
      terms.push({ field: "search", value, isNegated });
    } else {
      const field = operator === ":" ? FIELDS[name] : undefined;
      if (field === undefined) throw unknown(name + operator);
      if (value === "") throw new MailqError("usage", `Cannot use "${name}:": expected a value`);
      terms.push({ field, value, isNegated });
    }
  }
  return { statuses, terms, olderThanMs, youngerThanMs };
}

interface Word {
  readonly isNegated: boolean;
  /** Null for a plain word. */
  readonly name: string | null;
  readonly operator: string;
  readonly value: string;
}

const WORD = /(!)?(?:([a-z]+)([:<>]))?("[^"]*"?|\S*)/gi;

function words(text: string): Word[] {
  const found: Word[] = [];
  for (const [whole, not, name, operator = "", quoted = ""] of text.matchAll(WORD)) {
    if (whole === "") continue;
    const isKnown = name !== undefined &&
      (operator !== ":" ? name.toLowerCase() === "age" : !isUrl(name, quoted));
    const value = unquoted(isKnown ? quoted : whole.slice(not === undefined ? 0 : 1));
    if (!isKnown && value === "") {
      throw new MailqError("usage", 'Cannot negate nothing: write a word after "!"');
    }
    found.push({
      isNegated: not !== undefined,
      name: isKnown ? name.toLowerCase() : null,
      operator,
      value,
    });
  }
  return found;
}

/** `https://x` is a word like any other. */
function isUrl(name: string, rest: string): boolean {
  return rest.startsWith("//") && !(name.toLowerCase() in FIELDS);
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1).replace(/"$/, "") : text;
}

function statusesOf(text: string): MessageStatus[] {
  return text.split(",").map((part) => {
    const known = MESSAGE_STATUSES.find((status) => status === part.toLowerCase());
    if (known !== undefined) return known;
    throw new MailqError(
      "usage",
      `Cannot use the status "${part}": expected one of ${MESSAGE_STATUSES.join(" ")}`,
    );
  });
}

function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new MailqError("usage", `Cannot use the age "${text}": ${errorText(error)}`);
  }
}

function unknown(word: string): MailqError {
  return new MailqError(
    "usage",
    `Cannot use "${word}": expected status: to: from: subject: tag: err: age> age<, ` +
      "or quotes around it",
  );
}

/** The store's filter for it at a time; `view` are the statuses looked at where the line names
 *  none. */
export function toStoreFilter(
  parsed: ParsedFilter,
  view: readonly MessageStatus[] | null,
  now: number,
): Filter {
  const { terms, olderThanMs, youngerThanMs } = parsed;
  const positive = terms.filter(({ isNegated }) => !isNegated);
  const negative = terms.filter(({ isNegated }) => isNegated);
  const searched = positive.filter(({ field }) => field === "search").map(({ value }) => value);
  const others = positive.filter(({ field }) => field !== "search").map(termFilter);
  const filter: { -readonly [K in keyof Filter]: Filter[K] } = {};
  const statuses = parsed.statuses ?? view;
  if (statuses !== null) filter.statuses = statuses;
  if (searched.length > 0) filter.search = searched.join(" ");
  if (others.length > 0) filter.and = others;
  if (negative.length > 0) filter.not = negative.map(termFilter);
  if (olderThanMs !== null) filter.createdUntil = now - olderThanMs;
  if (youngerThanMs !== null) filter.createdSince = now - youngerThanMs;
  return filter;
}

function termFilter({ field, value }: Term): Filter {
  return field === "tag" ? { tags: [value] } : { [field]: value };
}

/** Whether the queue's own counts tell how many match. */
export function isOnlyStatuses(parsed: ParsedFilter): boolean {
  return parsed.terms.length === 0 && parsed.olderThanMs === null && parsed.youngerThanMs === null;
}
