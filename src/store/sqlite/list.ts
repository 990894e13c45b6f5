import { MailqError } from "../../queue/errors.ts";
import type { MessageSummary } from "../../queue/message.ts";
import type { Filter, ListOptions, Sort } from "../../queue/ports.ts";
import { SUMMARY, toSummary } from "./columns.ts";
import type { Connection, Row, Value } from "./connection.ts";
import { filterCondition, literals, storedStatuses, VISIBLE } from "./filter_sql.ts";

const PAGE = 500;

interface Order {
  /** The columns (or expressions) the keyset consists of, seq last. */
  readonly keys: readonly string[];
  readonly descending: boolean;
}

// No key may be null: a comparison with null would end the listing.
const LAST = Number.MAX_SAFE_INTEGER;
const ORDERS: Readonly<Record<Sort, Order>> = {
  newest: { keys: ["seq"], descending: true },
  oldest: { keys: ["seq"], descending: false },
  priority: { keys: ["priority", "queued_at", "seq"], descending: false },
  size: { keys: ["size", "seq"], descending: true },
  next: {
    keys: [
      `CASE status WHEN 'scheduled' THEN send_at ELSE coalesce(next_at, ${LAST}) END`,
      "seq",
    ],
    descending: false,
  },
  sent: { keys: ["coalesce(sent_at, 0)", "seq"], descending: true },
};

function orderOf({ sort, isReversed = false }: ListOptions): Order {
  const { keys, descending } = ORDERS[sort];
  return { keys, descending: descending !== isReversed };
}

/** See Store.list. Reads page by page, so that a long listing holds up no checkpoint. */
export async function* list(
  db: Connection,
  filter: Filter,
  options: ListOptions,
): AsyncIterable<MessageSummary> {
  const order = orderOf(options);
  let left = options.limit === 0 ? Infinity : options.limit;
  let after = options.after === null ? null : keysetOf(db, order, options.after);
  while (left > 0) {
    const rows = page(db, filter, order, after, Math.min(left, PAGE));
    for (const row of rows) yield await toSummary(row);
    left -= rows.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = order.keys.map((_, i) => keyValue(last[`k${i}`]));
  }
}

function keysetOf(db: Connection, order: Order, id: string): Value[] {
  const row = db.get(`SELECT ${keyColumns(order)} FROM message WHERE id = ? AND ${VISIBLE}`, id);
  if (row === undefined) {
    throw new MailqError(
      "usage",
      `Cannot list what comes after "${id}": there is no such message (any more)`,
    );
  }
  return order.keys.map((_, i) => keyValue(row[`k${i}`]));
}

function keyColumns(order: Order): string {
  return order.keys.map((key, i) => `${key} AS k${i}`).join(", ");
}

function keyValue(value: unknown): Value {
  return typeof value === "number" ? value : null;
}

function page(
  db: Connection,
  filter: Filter,
  order: Order,
  after: readonly Value[] | null,
  limit: number,
): Row[] {
  const { sql, values } = filterCondition(filter);
  const direction = order.descending ? "DESC" : "ASC";
  const orderBy = order.keys.map((_, i) => `k${i} ${direction}`).join(", ");
  const where = after === null
    ? sql
    : `${sql} AND (${order.keys.join(", ")}) ${order.descending ? "<" : ">"} (${
      after.map(() => "?").join(", ")
    })`;
  const bound: Value[] = [...values, ...(after ?? [])];
  const select = (more: string) =>
    `SELECT ${SUMMARY}, ${keyColumns(order)} FROM message WHERE ${where}${more}`;
  const statuses = storedStatuses(filter);
  if (statuses === null) {
    return db.all(`${select("")} ORDER BY ${orderBy} LIMIT ${limit}`, ...bound);
  }
  if (statuses.length === 0) return [];
  // One index walk for each status, each stopped at the limit: `status IN (…)` would sort all.
  const walks = statuses.map((status) =>
    `SELECT * FROM (${select(` AND status = ${literals([status])}`)}
     ORDER BY ${orderBy} LIMIT ${limit})`
  );
  return db.all(
    `${walks.join(" UNION ALL ")} ORDER BY ${orderBy} LIMIT ${limit}`,
    ...statuses.flatMap(() => bound),
  );
}

/** See Store.idsWithPrefix. */
export function idsWithPrefix(db: Connection, prefix: string, limit: number): string[] {
  return db.all(
    `SELECT id FROM message WHERE id >= ? AND id < ? AND ${VISIBLE} ORDER BY id LIMIT ?`,
    prefix,
    `${prefix}~`, // behind all letters of an id
    limit,
  ).map((row) => String(row.id));
}
