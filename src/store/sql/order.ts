// In what order messages are listed: the columns that a listing goes on after. The stores'
// read/list.ts put them into their statements.

import { MailqError } from "../../queue/errors.ts";
import type { ListOptions, Sort } from "../../queue/filter.ts";
import { statusIs } from "./law.ts";
import type { Row, Value } from "./row.ts";

export interface Order {
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
      `CASE WHEN ${statusIs("scheduled")} THEN send_at ELSE coalesce(next_at, ${LAST}) END`,
      "seq",
    ],
    descending: false,
  },
  sent: { keys: ["coalesce(sent_at, 0)", "seq"], descending: true },
};

export function orderOf({ sort, isReversed = false }: ListOptions): Order {
  const { keys, descending } = ORDERS[sort];
  return { keys, descending: descending !== isReversed };
}

/** The keyset as columns called `k0`, `k1` … */
export function keyColumns(keys: readonly string[]): string {
  return keys.map((key, i) => `${key} AS k${i}`).join(", ");
}

function keyValue(value: unknown): Value {
  return typeof value === "number" ? value : null;
}

/** The keyset of a row that has `keyColumns`. */
export function keysetOfRow({ keys }: Order, row: Row): Value[] {
  return keys.map((_, i) => keyValue(row[`k${i}`]));
}

/** The keyset of the message that a listing is to go on after. Throws `usage` if it is gone. */
export function keysetIn(order: Order, row: Row | undefined, id: string): Value[] {
  if (row === undefined) {
    throw new MailqError(
      "usage",
      `Cannot list what comes after "${id}": there is no such message (any more)`,
    );
  }
  return keysetOfRow(order, row);
}
