// Lists messages of a filter in any order, page by page and by indexes; and finds ids by their
// beginning.

import type { MessageSummary } from "../../../queue/message.ts";
import type { Filter, ListOptions } from "../../../queue/filter.ts";
import { storedStatuses } from "../../../queue/state.ts";
import { SUMMARY, toSummary } from "../../sql/columns.ts";
import type { Connection, Row, Value } from "../db/connection.ts";
import { statusIs } from "../../sql/law.ts";
import { keyColumns, keysetIn, keysetOfRow, type Order, orderOf } from "../../sql/order.ts";
import { type Condition, VISIBLE } from "../../sql/condition.ts";
import { filterCondition, statusCondition } from "../../sql/filter_sql.ts";
import { sqliteDialect, wordsCondition } from "../filter/dialect.ts";
import { findWords, nearestWith } from "../filter/search.ts";
import { TAGS_WITH_PREFIX } from "../../sql/tags.ts";

const PAGE = 500;

/** See Reader.list. Reads page by page, so that a long listing holds up no checkpoint. */
export async function* list(
  db: Connection,
  filter: Filter,
  options: ListOptions,
): AsyncIterable<MessageSummary> {
  const order = orderOf(options);
  const isBySeq = order.keys.length === 1;
  let sources: readonly Source[] | null = null;
  let left = options.limit === 0 ? Infinity : options.limit;
  let after = options.after === null ? null : keysetOf(db, order, options.after);
  while (left > 0) {
    const limit = Math.min(left, PAGE);
    const near = isBySeq ? nearSource(db, filter, order, after, limit) : null;
    if (near === null) sources ??= sourcesOf(db, filter, order);
    const rows = page(db, filter, order, near ?? sources ?? [], after, limit);
    for (const row of rows) yield await toSummary(row);
    left -= rows.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = keysetOfRow(order, last);
  }
}

function keysetOf(db: Connection, order: Order, id: string): Value[] {
  const row = db.get(
    `SELECT ${keyColumns(order.keys)} FROM message WHERE id = ? AND ${VISIBLE}`,
    id,
  );
  return keysetIn(order, row, id);
}

const SEQ_IN = "seq IN (SELECT value FROM json_each(?))";

/** Where rows are read from, in the order that is asked for. */
interface Source {
  readonly from: string;
  /** The keyset's columns as this source has them. */
  readonly keys: readonly string[];
  readonly where: Condition;
}

function sourcesOf(db: Connection, filter: Filter, { keys }: Order): readonly Source[] {
  const found = filter.search === undefined ? null : findWords(db, filter.search);
  const { match = null, unindexed = null } = found ?? {};
  if (match === null || keys.length > 1) {
    return [{ from: "message", keys, where: wordsCondition(found) }];
  }
  // The index has the messages in the order of their seq: it is read no further than needed.
  const indexed = {
    from: "words CROSS JOIN message ON message.seq = words.rowid",
    keys: ["words.rowid"],
    where: { sql: "words MATCH ?", values: [match] },
  };
  if (unindexed === null) return [indexed];
  const where = { sql: SEQ_IN, values: [unindexed] };
  return [indexed, { from: "message", keys, where }];
}

/** The next page of a search that is found without the index; null if it is not. */
function nearSource(
  db: Connection,
  filter: Filter,
  { keys, descending }: Order,
  after: readonly Value[] | null,
  limit: number,
): readonly Source[] | null {
  if (filter.search === undefined) return null;
  const { sql, values } = filterCondition(sqliteDialect(db), { ...filter, search: undefined });
  const condition = { sql: `${statusCondition(filter.statuses)} AND ${sql}`, values };
  const [seq = null] = after ?? [];
  const stretch = { after: seq === null ? null : Number(seq), descending, limit };
  const seqs = nearestWith(db, filter.search, condition, stretch);
  if (seqs === null) return null;
  const where = { sql: SEQ_IN, values: [JSON.stringify(seqs)] };
  return [{ from: "message", keys, where }];
}

function page(
  db: Connection,
  filter: Filter,
  order: Order,
  sources: readonly Source[],
  after: readonly Value[] | null,
  limit: number,
): Row[] {
  // The search is the sources' business.
  const { sql, values } = filterCondition(sqliteDialect(db), { ...filter, search: undefined });
  const direction = order.descending ? "DESC" : "ASC";
  const orderBy = order.keys.map((_, i) => `k${i} ${direction}`).join(", ");
  // One walk for each source and status, each stopped at the limit: `status IN (…)` would sort all.
  const tests = filter.statuses === undefined
    ? ["1"]
    : storedStatuses(filter.statuses).map((status) => statusIs(status));
  const bound: Value[] = [];
  const walks = sources.flatMap(({ from, keys, where }) =>
    tests.map((test) => {
      const isAfter = after === null
        ? "1"
        : `(${keys.join(", ")}) ${order.descending ? "<" : ">"} (${
          after.map(() => "?").join(", ")
        })`;
      bound.push(...where.values, ...values, ...(after ?? []));
      return `SELECT ${SUMMARY}, ${keyColumns(keys)} FROM ${from}
        WHERE ${where.sql} AND ${sql} AND ${isAfter} AND ${test} ORDER BY ${orderBy} LIMIT ${limit}`;
    })
  );
  const [only] = walks;
  if (only === undefined) return [];
  if (walks.length === 1) return db.all(only, ...bound);
  const all = walks.map((walk) => `SELECT * FROM (${walk})`).join(" UNION ALL ");
  return db.all(`${all} ORDER BY ${orderBy} LIMIT ${limit}`, ...bound);
}

/** See Reader.idsWithPrefix. */
export function idsWithPrefix(db: Connection, prefix: string, limit: number): string[] {
  return db.all(
    `SELECT id FROM message WHERE id >= ? AND id < ? AND ${VISIBLE} ORDER BY id LIMIT ?`,
    prefix,
    `${prefix}~`, // behind all letters of an id
    limit,
  ).map((row) => String(row.id));
}

/** See Reader.tagsWithPrefix. */
export function tagsWithPrefix(db: Connection, prefix: string, limit: number): string[] {
  const bound = [prefix, prefix, prefix, prefix, prefix, limit];
  return db.all(TAGS_WITH_PREFIX, ...bound).map((row) => String(row.tag));
}
