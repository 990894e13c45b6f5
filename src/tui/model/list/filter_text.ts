// Reads the line typed behind `/` and makes the store's filter of it. Called by dialogs, window.ts and
// the views. What the line may hold is in filter_fields.ts; which rows a filter finds is the store's
// work. Pure.

import { parseDuration } from "../../../queue/durations.ts";
import { errorText, MailqError } from "../../../queue/errors.ts";
import { ID_LENGTH, normaliseId } from "../../../queue/ids.ts";
import { PRIORITIES } from "../../../queue/message.ts";
import type { ScreenFilter } from "../../data/data.ts";
import { FIELDS, type FilterField, LISTED_STATUSES, type ListedStatus } from "./filter_fields.ts";

/** What a filter line asks for; ages count from the time at which it is applied. */
export interface ParsedFilter {
  /** Null = any. */
  readonly statuses: readonly ListedStatus[] | null;
  readonly terms: readonly Term[];
  readonly olderThanMs: number | null;
  readonly youngerThanMs: number | null;
}

interface Term {
  readonly filter: ScreenFilter;
  readonly isNegated: boolean;
}

export const EMPTY_FILTER: ParsedFilter = {
  statuses: null,
  terms: [],
  olderThanMs: null,
  youngerThanMs: null,
};

/** Reads a filter line: the fields of filter_fields.ts, each of which `!` before it negates; quotes
 *  keep blanks together; plain words are searched for, and ids found by their beginning. Throws
 *  `usage` saying what cannot be read. */
export function parseFilter(text: string): ParsedFilter {
  let statuses: readonly ListedStatus[] | null = null;
  let olderThanMs: number | null = null;
  let youngerThanMs: number | null = null;
  const terms: Term[] = [];
  const searched: string[] = [];
  for (const { isNegated, name, operator, value } of words(text)) {
    if (name === null) {
      const filter = idOrWords(value);
      if (isNegated || filter.search === undefined) terms.push({ filter, isNegated });
      else searched.push(value);
      continue;
    }
    const field = fieldOf(name, operator);
    if (value === "") {
      throw new MailqError("usage", `Cannot use "${name}${operator}": expected a value`);
    }
    if (field === "status") {
      const some = statusesOf(value);
      const kept = isNegated ? LISTED_STATUSES.filter((status) => !some.includes(status)) : some;
      statuses = (statuses ?? LISTED_STATUSES).filter((status) => kept.includes(status));
    } else if (field === "age") {
      const ms = durationOf(value);
      if ((operator === ">") !== isNegated) olderThanMs = Math.max(olderThanMs ?? 0, ms);
      else youngerThanMs = Math.min(youngerThanMs ?? Infinity, ms);
    } else terms.push({ filter: fieldFilter(field, operator, value), isNegated });
  }
  if (searched.length > 0) terms.push({ filter: { search: searched.join(" ") }, isNegated: false });
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
    const isField = name !== undefined && !isUrl(name, quoted) &&
      (operator === ":" || FIELDS.some((one) => one.name === name.toLowerCase()));
    const value = unquoted(isField ? quoted : whole.slice(not === undefined ? 0 : 1));
    if (!isField && value === "") {
      throw new MailqError("usage", 'Cannot negate nothing: write a word after "!"');
    }
    found.push({
      isNegated: not !== undefined,
      name: isField ? name.toLowerCase() : null,
      operator,
      value,
    });
  }
  return found;
}

/** `https://x` is a word like any other. */
function isUrl(name: string, rest: string): boolean {
  return rest.startsWith("//") && !FIELDS.some((one) => one.name === name.toLowerCase());
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1).replace(/"$/, "") : text;
}

function fieldOf(name: string, operator: string): FilterField {
  const field = FIELDS.find((one) => one.name === name || one.aliases?.includes(name) === true);
  if (field !== undefined && field.operators.includes(operator)) return field.name;
  const known = FIELDS.map((one) => one.operators.map((sign) => one.name + sign).join(" "));
  throw new MailqError(
    "usage",
    `Cannot use "${name}${operator}": expected ${known.join(" ")}, or quotes around it`,
  );
}

/** What looks like an id, with a digit in it, is one, or a word all the same. */
function idOrWords(text: string): ScreenFilter {
  const id = /\d/.test(text) && text.length >= 5 ? normaliseId(text) : null;
  if (id === null) return { search: text };
  // One or the other: not neither of them.
  return { not: [{ not: [{ idPrefix: id }, { search: text }] }] };
}

function fieldFilter(field: FilterField, operator: string, value: string): ScreenFilter {
  switch (field) {
    case "to":
    case "from":
    case "subject":
    case "key":
    case "relay":
      return { [field]: value };
    case "tag":
      return { tags: [value] };
    case "err":
      return { error: value };
    case "id":
      return { idPrefix: idOf(value) };
    case "priority":
      return { priorities: value.split(",").map(priorityOf) };
    case "size":
      return { [operator === ">" ? "largerThan" : "smallerThan"]: bytesOf(value) };
    case "problem":
      return { problem: numberOf(value) };
    case "last":
      return { isLast: true };
    case "status":
    case "age":
      // Read before: they are not terms.
      return {};
  }
}

function statusesOf(text: string): ListedStatus[] {
  return text.split(",").map((part) => {
    const known = LISTED_STATUSES.find((status) => status === part.toLowerCase());
    if (known !== undefined) return known;
    throw new MailqError(
      "usage",
      `Cannot use the status "${part}": expected one of ${LISTED_STATUSES.join(" ")}`,
    );
  });
}

function priorityOf(text: string): typeof PRIORITIES[number] {
  const known = PRIORITIES.find((priority) => priority === text.toLowerCase());
  if (known !== undefined) return known;
  throw new MailqError(
    "usage",
    `Cannot use the priority "${text}": expected one of ${PRIORITIES.join(" ")}`,
  );
}

function idOf(text: string): string {
  const id = normaliseId(text);
  if (id !== null) return id;
  throw new MailqError(
    "usage",
    `Cannot use the id "${text}": expected up to ${ID_LENGTH} letters and digits`,
  );
}

function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new MailqError("usage", `Cannot use the age "${text}": ${errorText(error)}`);
  }
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function bytesOf(text: string): number {
  const [, digits, unit = ""] = /^(\d+)([kmg]?)b?$/i.exec(text) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  if (digits !== undefined && factor !== undefined) return Number(digits) * factor;
  throw new MailqError("usage", `Cannot use the size "${text}": expected such as 500, 20k or 1M`);
}

function numberOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new MailqError(
    "usage",
    `Cannot use the problem "${text}": expected its number, such as 48213`,
  );
}

/** The store's filter for it at a time; `view` is what is looked at where the line names no status. */
export function toStoreFilter(
  parsed: ParsedFilter,
  view: ViewFilter,
  now: number,
): ScreenFilter {
  const { terms, olderThanMs, youngerThanMs } = parsed;
  const positive = terms.filter(({ isNegated }) => !isNegated).map((term) => term.filter);
  const negative = terms.filter(({ isNegated }) => isNegated).map((term) => term.filter);
  // The search is read by its index where it stands at the top.
  const [search, ...others] = [
    ...positive.filter((filter) => filter.search !== undefined),
    ...positive.filter((filter) => filter.search === undefined),
  ];
  const isSearch = search?.search !== undefined;
  const byStatus = parsed.statuses !== null
    ? statusFilter(parsed.statuses, now)
    : view.isDue === true
    ? { statuses: DUE, dueAt: now }
    : view.statuses === null
    ? {}
    : statusFilter(view.statuses, now);
  const and = [
    ...byStatus.and ?? [],
    ...isSearch || search === undefined ? [] : [search],
    ...others,
  ];
  const not = [...byStatus.not ?? [], ...negative];
  return {
    ...byStatus,
    ...isSearch ? { search: search.search } : {},
    ...and.length === 0 ? {} : { and },
    ...not.length === 0 ? {} : { not },
    ...olderThanMs === null ? {} : { createdUntil: now - olderThanMs },
    ...youngerThanMs === null ? {} : { createdSince: now - youngerThanMs },
  };
}

/** What a view of the list shows. */
interface ViewFilter {
  /** Null = any. */
  readonly statuses: readonly ListedStatus[] | null;
  /** Only what may be sent now. */
  readonly isDue?: boolean;
}

const DUE = ["queued", "sending", "deferred"] as const;

/** The statuses that the screen tells apart, as the store's filter. */
function statusFilter(listed: readonly ListedStatus[], now: number): ScreenFilter {
  const statuses = listed.filter((one) => one !== "scheduled" && one !== "uncertain");
  const hasScheduled = listed.includes("scheduled");
  const plain: ScreenFilter = statuses.includes("queued") === hasScheduled
    ? { statuses }
    : hasScheduled
    ? statuses.length === 0
      ? { statuses: ["queued"], scheduledAfter: now }
      : { statuses: [...statuses, "queued"], not: [{ statuses: ["queued"], dueAt: now }] }
    : { statuses, not: [{ scheduledAfter: now }] };
  if (!listed.includes("uncertain")) return plain;
  if (statuses.length === 0 && !hasScheduled) return { isUncertain: true };
  // All of them: nothing is left out.
  if (listed.length === LISTED_STATUSES.length) return {};
  return { and: [{ not: [{ not: [plain, { isUncertain: true }] }] }] };
}

/** Whether the queue's own counts tell how many match. */
export function isOnlyStatuses(parsed: ParsedFilter): boolean {
  return parsed.terms.length === 0 && parsed.olderThanMs === null &&
    parsed.youngerThanMs === null && parsed.statuses?.includes("uncertain") !== true;
}
