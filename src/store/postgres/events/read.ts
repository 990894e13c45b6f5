// Reads events again, page by page; and gives new ones their numbers. The store calls it for its port
// `EventLog`; how events are stored is told in sqlite/events/write.ts, why they wait in db/schema.ts.

import type { NumberedEvent } from "../../../queue/event.ts";
import type { EventPage, WantedEvents } from "../../../queue/ports/events.ts";
import { int } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { decodeEvents } from "../../sql/rows/event_rows.ts";
import type { Value } from "../../sql/row.ts";
import type { Database } from "../db/connection.ts";
import type { Sql } from "../db/transaction.ts";

/** Events in a page, but for those of the last row. */
const PAGE_EVENTS = 1_000;
/** Rows looked at for a page: most have but one event. */
const PAGE_ROWS = 500;
/** Rows numbered in one commit. */
const NUMBERED_ROWS = 2_000;

const ROWS = `SELECT last, n FROM event WHERE last > ? ORDER BY last LIMIT ${PAGE_ROWS}`;
const NEW = `SELECT 1 FROM event_new WHERE ${VISIBLE} LIMIT 1`;

/** Numbers some of what was committed; `mailq.number_events` runs it, for readers who may not write. */
export const NUMBER_EVENTS = `WITH taken AS (DELETE FROM event_new WHERE id IN (
    SELECT id FROM event_new WHERE ${VISIBLE} ORDER BY id LIMIT ${NUMBERED_ROWS})
    RETURNING id, n, at, events)
  INSERT INTO event (last, n, at, events)
  SELECT (SELECT coalesce(max(last), 0) FROM event) + sum(n) OVER (ORDER BY id), n, at, events
  FROM taken`;

/** Whoever holds it alone gives numbers. */
export const NUMBER_LOCK = "SELECT pg_advisory_xact_lock(1835101560)";

/** Gives numbers to the events that were committed. One process at a time does. */
async function numberEvents(db: Database): Promise<void> {
  while (await db.get(NEW) !== undefined) {
    await db.write(async (tx) => {
      await tx.all("SELECT number_events()");
    });
  }
}

/** See EventLog.newestEvent. */
export async function newestEvent(db: Database): Promise<number> {
  await numberEvents(db);
  return await lastNumber(db);
}

async function lastNumber(sql: Sql): Promise<number> {
  return int((await sql.get("SELECT coalesce(max(last), 0) AS last FROM event"))?.last);
}

/** See EventLog.eventsAfter. */
export async function eventsAfter(
  db: Database,
  after: number,
  wanted: WantedEvents = {},
): Promise<EventPage> {
  await numberEvents(db);
  const rows = await db.all(ROWS, after);
  const first = rows[0];
  if (first === undefined) {
    return { events: [], upTo: after, deletedTo: null, isAhead: await lastNumber(db) < after };
  }
  // Rows follow each other without a gap: where one is missing, older ones were deleted.
  const before = int(first.last) - int(first.n);
  let upTo = before, count = 0;
  for (const { last, n } of rows) {
    if (count >= PAGE_EVENTS) break;
    upTo = int(last);
    count += int(n);
  }
  return {
    events: await readRows(db, { after, upTo }, wanted),
    upTo,
    deletedTo: before > after ? before : null,
    isAhead: false,
  };
}

async function readRows(
  sql: Sql,
  { after, upTo }: { readonly after: number; readonly upTo: number },
  { types, id }: WantedEvents,
): Promise<NumberedEvent[]> {
  const texts = (types ?? []).map((type) => JSON.stringify(type));
  const some = texts.map(() => "strpos(events, ?) > 0").join(" OR ") || "FALSE";
  const values: Value[] = [...texts, ...id === undefined ? [] : [JSON.stringify(id)]];
  const rows = await sql.all(
    `SELECT last, n, at, events AS text FROM event
     WHERE last > ? AND last <= ? AND (${types === undefined ? "TRUE" : some})
       AND ${id === undefined ? "TRUE" : "strpos(events, ?) > 0"} ORDER BY last`,
    after,
    upTo,
    ...values,
  );
  return rows.flatMap(decodeEvents).filter((event) =>
    event.number > after && (types === undefined || types.includes(event.type)) &&
    (id === undefined || event.fields.id === id)
  );
}
