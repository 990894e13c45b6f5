// Rows of events as the events that were written into them. The stores' events/ read the rows; how they
// are written is told in sqlite/events/write.ts.

import type { NumberedEvent } from "../../../queue/event.ts";
import { int } from "../columns.ts";
import { listOf } from "../damage.ts";
import type { Row } from "../row.ts";

/** The events of a row that has `last`, `n`, `at` and `text`. Throws `queue_corrupt`. */
export function decodeEvents(row: Row): NumberedEvent[] {
  const events: NumberedEvent[] = [];
  const spot = { whose: `the events up to ${row.last}`, what: "list" };
  let number = int(row.last) - int(row.n);
  for (const table of listOf(row.text, spot)) {
    const [type, names, ...rows] = Array.isArray(table) ? table : [];
    for (const values of rows) {
      number++;
      const fields = fieldsOf(names, values);
      events.push({ number, at: int(row.at), type: String(type), fields });
    }
  }
  return events;
}

function fieldsOf(names: unknown, values: unknown): Record<string, unknown> {
  const keys: readonly unknown[] = Array.isArray(names) ? names : [];
  const list: readonly unknown[] = Array.isArray(values) ? values : [];
  return Object.fromEntries(keys.map((key, i) => [String(key), list[i]]));
}
