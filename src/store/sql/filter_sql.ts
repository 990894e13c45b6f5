// A filter as a condition in SQL. Lists, counts and actions put it into their statements; staged mail is
// left out of all of them.

import type { Filter } from "../../queue/filter.ts";
import { PRIORITIES } from "../../queue/message.ts";
import { type MessageStatus, storedStatuses } from "../../queue/state.ts";
import { isOneOf, statusIs } from "./law.ts";
import type { Value } from "./row.ts";
import { type Condition, VISIBLE } from "./condition.ts";
import { anywhere, type Pattern } from "./pattern.ts";

/** What each database says in its own way. */
export interface FilterDialect {
  /** A column matches a pattern, in any case. */
  matcher(column: string, pattern: Pattern): { readonly sql: string; readonly value: string };
  /** `message.id` is one of these. */
  idIn(ids: readonly string[]): Condition;
  /** A message has the words of a search. */
  search(text: string): Condition;
}

/** All of a filter but its statuses. */
export function filterCondition(dialect: FilterDialect, filter: Filter): Condition {
  const conditions = [VISIBLE];
  const values: Value[] = [];
  const add = (sql: string, ...more: Value[]) => {
    conditions.push(sql);
    values.push(...more);
  };
  /** Any of these columns matches any of these patterns. */
  const anyMatches = (columns: readonly string[], patterns: readonly Pattern[]) => {
    const tests = columns.flatMap((column) =>
      patterns.map((pattern) => {
        const { sql, value } = dialect.matcher(column, pattern);
        values.push(value);
        return sql;
      })
    );
    return `(${tests.join(" OR ")})`;
  };
  const anyRecipientMatches = (patterns: readonly Pattern[]) =>
    `EXISTS (SELECT 1 FROM recipient WHERE recipient.seq = message.seq
       AND ${anyMatches(["address"], patterns)})`;

  if (filter.ids !== undefined) {
    const { sql, values } = dialect.idIn(filter.ids);
    add(sql, ...values);
  }
  if (filter.from !== undefined) {
    const { envelope, header } = addressPatterns(filter.from);
    add(`(${anyMatches(["sender"], envelope)} OR ${anyMatches(["header_from"], header)})`);
  }
  if (filter.to !== undefined) add(anyRecipientMatches(addressPatterns(filter.to).envelope));
  if (filter.subject !== undefined) add(anyMatches(["subject"], [anywhere(filter.subject)]));
  if (filter.error !== undefined) add(anyMatches(["last_reply"], [anywhere(filter.error)]));
  for (const tag of filter.tags ?? []) {
    add("seq IN (SELECT tag.seq FROM tag WHERE tag.tag = ?)", tag);
  }
  if (filter.createdSince !== undefined) add("created_at >= ?", filter.createdSince);
  if (filter.createdUntil !== undefined) add("created_at < ?", filter.createdUntil);
  if (filter.sentSince !== undefined) add("sent_at >= ?", filter.sentSince);
  if (filter.sentUntil !== undefined) add("sent_at < ?", filter.sentUntil);
  if (filter.finalUntil !== undefined) add("coalesce(final_at, created_at) < ?", filter.finalUntil);
  if (filter.nextUntil !== undefined) add("next_at < ?", filter.nextUntil);
  if (filter.idPrefix !== undefined) {
    // Behind all letters of an id.
    add("(id >= ? AND id < ?)", filter.idPrefix, `${filter.idPrefix}~`);
  }
  if (filter.key !== undefined) add(anyMatches(["key"], [anywhere(filter.key)]));
  if (filter.priorities !== undefined) {
    const levels = filter.priorities.map((priority) => PRIORITIES.indexOf(priority));
    add(`priority IN (${levels.join(", ") || "NULL"})`);
  }
  if (filter.largerThan !== undefined) add("size > ?", filter.largerThan);
  if (filter.smallerThan !== undefined) add("size < ?", filter.smallerThan);
  if (filter.relay !== undefined) {
    const waits = anywhere(`the relay ${filter.relay} is left alone`);
    add(`(${anyMatches(["last_reply"], [waits])} OR ${lastAttempt("relay")} = ?)`, filter.relay);
  }
  if (filter.dueAt !== undefined) {
    add(
      `(${statusIs("queued", "sending")} OR ${statusIs("scheduled")} AND send_at <= ?
        OR ${statusIs("deferred")} AND next_at <= ?)`,
      filter.dueAt,
      filter.dueAt,
    );
  }
  if (filter.scheduledAfter !== undefined) {
    add(`(${statusIs("scheduled")} AND send_at > ?)`, filter.scheduledAfter);
  }
  if (filter.isUncertain === true) add(`${lastAttempt("result")} = 'uncertain'`);
  if (filter.search !== undefined) {
    const { sql, values } = dialect.search(filter.search);
    add(sql, ...values);
  }
  for (const other of filter.and ?? []) {
    const { sql, values } = wholeCondition(dialect, other);
    add(sql, ...values);
  }
  for (const other of filter.not ?? []) {
    const { sql, values } = wholeCondition(dialect, other);
    // A column that is null is no match, and so it is one of the negation.
    add(`(${sql}) IS NOT TRUE`, ...values);
  }
  return { sql: conditions.join(" AND "), values };
}

/** A column of the last attempt. */
function lastAttempt(column: string): string {
  return `(SELECT ${column} FROM attempt WHERE attempt.seq = message.seq ORDER BY n DESC LIMIT 1)`;
}

function wholeCondition(dialect: FilterDialect, filter: Filter): Condition {
  const { sql, values } = filterCondition(dialect, filter);
  return { sql: `${statusCondition(filter.statuses)} AND ${sql}`, values };
}

/** The condition that a message is shown with one of these statuses; undefined = any. */
export function statusCondition(statuses: readonly MessageStatus[] | undefined): string {
  return statuses === undefined ? "TRUE" : isOneOf("status", storedStatuses(statuses));
}

/** A whole address is that address, `@domain` all of a domain, anything else a part: acting on
 *  bob@acme.test must not hit bigbob@acme.test. In a header an address may stand in brackets. */
function addressPatterns(
  text: string,
): { readonly envelope: readonly Pattern[]; readonly header: readonly Pattern[] } {
  const at = text.lastIndexOf("@");
  if (at < 0) return { envelope: [anywhere(text)], header: [anywhere(text)] };
  const whole = { text, isOpenBefore: at === 0, isOpenAfter: false };
  const bracketed = anywhere(at === 0 ? `${text}>` : `<${text}>`);
  return { envelope: [whole], header: [whole, bracketed] };
}
