// Lists messages of a filter in any order, page by page and by indexes; and finds ids by their
// beginning.

import type { Filter, ListOptions } from "../../../queue/filter.ts";
import type { MessageSummary } from "../../../queue/message.ts";
import { storedStatuses } from "../../../queue/state.ts";
import { SUMMARY, toSummary } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { filterCondition } from "../../sql/filter_sql.ts";
import { statusIs } from "../../sql/law.ts";
import { keyColumns, keysetIn, keysetOfRow, type Order, orderOf } from "../../sql/order.ts";
import type { Row, Value } from "../../sql/row.ts";
import type { Sql } from "../db/transaction.ts";
import { POSTGRES } from "../filter/dialect.ts";
import { TAGS_WITH_PREFIX } from "../../sql/tags.ts";

const PAGE = 500;

/** See Reader.list. */
export async function* list(
  sql: Sql,
  filter: Filter,
  options: ListOptions,
): AsyncIterable<MessageSummary> {
  const order = orderOf(options);
  let left = options.limit === 0 ? Infinity : options.limit;
  let after = options.after === null ? null : await keysetOf(sql, order, options.after);
  while (left > 0) {
    const rows = await page(sql, filter, order, after, Math.min(left, PAGE));
    for (const row of rows) yield toSummary(row);
    left -= rows.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = keysetOfRow(order, last);
  }
}

async function keysetOf(sql: Sql, order: Order, id: string): Promise<Value[]> {
  const row = await sql.get(
    `SELECT ${keyColumns(order.keys)} FROM message WHERE id = ? AND ${VISIBLE}`,
    id,
  );
  return keysetIn(order, row, id);
}

async function page(
  db: Sql,
  filter: Filter,
  { keys, descending }: Order,
  after: readonly Value[] | null,
  limit: number,
): Promise<Row[]> {
  const { sql, values } = filterCondition(POSTGRES, filter);
  const direction = descending ? "DESC" : "ASC";
  const orderBy = keys.map((_, i) => `k${i} ${direction}`).join(", ");
  // One walk for each status, each stopped at the limit: `status IN (…)` would sort all.
  const tests = filter.statuses === undefined
    ? ["TRUE"]
    : storedStatuses(filter.statuses).map((status) => statusIs(status));
  const isAfter = after === null
    ? "TRUE"
    : `(${keys.join(", ")}) ${descending ? "<" : ">"} (${after.map(() => "?").join(", ")})`;
  const walks = tests.map((test) =>
    `(SELECT ${SUMMARY}, ${keyColumns(keys)} FROM message
      WHERE ${sql} AND ${isAfter} AND ${test} ORDER BY ${orderBy} LIMIT ${limit})`
  );
  if (walks.length === 0) return [];
  const bound = tests.flatMap(() => [...values, ...(after ?? [])]);
  return await db.all(
    `SELECT * FROM (${walks.join(" UNION ALL ")}) AS walk ORDER BY ${orderBy} LIMIT ${limit}`,
    ...bound,
  );
}

/** See Reader.idsWithPrefix. */
export async function idsWithPrefix(sql: Sql, prefix: string, limit: number): Promise<string[]> {
  const rows = await sql.all(
    `SELECT id FROM message WHERE id >= ? AND id < ? AND ${VISIBLE} ORDER BY id LIMIT ?`,
    prefix,
    `${prefix}~`, // behind all letters of an id
    limit,
  );
  return rows.map((row) => String(row.id));
}

/** See Reader.tagsWithPrefix. */
export async function tagsWithPrefix(sql: Sql, prefix: string, limit: number): Promise<string[]> {
  const rows = await sql.all(TAGS_WITH_PREFIX, prefix, prefix, prefix, prefix, prefix, limit);
  return rows.map((row) => String(row.tag));
}
