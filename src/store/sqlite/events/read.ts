// Reads events again, page by page, and leaves out those of mail that was staged and dropped. The store
// calls it for its port `EventLog`; how events are stored is told in write.ts.

import type { NumberedEvent } from "../../../queue/event.ts";
import type { EventPage, WantedEvents } from "../../../queue/ports/events.ts";
import { int } from "../../sql/columns.ts";
import type { Connection, Row, Value } from "../db/connection.ts";
import { listOf } from "../../sql/damage.ts";
import { decodeEvents } from "../../sql/rows/event_rows.ts";

/** Events in a page, but for those of the last row. */
const PAGE_EVENTS = 1_000;
/** Rows looked at for a page: most have but one event. */
const PAGE_ROWS = 500;

const ROWS = `SELECT last, n FROM event WHERE last > ? ORDER BY last LIMIT ${PAGE_ROWS}`;
const DROPPED = "SELECT events FROM event_part WHERE lane = ? AND n = 0";

/** See EventLog.newestEvent. */
export function newestEvent(db: Connection): number {
  return int(db.get("SELECT coalesce(max(last), 0) AS last FROM event")?.last);
}

/** See EventLog.eventsAfter. */
export function eventsAfter(
  db: Connection,
  after: number,
  wanted: WantedEvents = {},
): EventPage {
  const rows = db.all(ROWS, after);
  const first = rows[0];
  if (first === undefined) {
    return { events: [], upTo: after, deletedTo: null, isAhead: newestEvent(db) < after };
  }
  // Rows follow each other without a gap: where one is missing, older ones were deleted, or went with
  // a queue that a backup has replaced (act/restore.ts). The next page begins there, and tells it.
  const before = int(first.last) - int(first.n);
  let upTo = before, count = 0;
  for (const { last, n } of rows) {
    const isBehindGap = int(last) - int(n) !== upTo;
    if (count >= PAGE_EVENTS || isBehindGap) break;
    upTo = int(last);
    count += int(n);
  }
  return {
    events: readRows(db, { after, upTo }, wanted),
    upTo,
    deletedTo: before > after ? before : null,
    isAhead: false,
  };
}

function readRows(
  db: Connection,
  { after, upTo }: { readonly after: number; readonly upTo: number },
  wanted: WantedEvents,
): NumberedEvent[] {
  const { sql, values } = textHas(wanted);
  const rows = db.all(
    `SELECT last, n, event.at, lane, text FROM (
       SELECT event.last, event.n, event.at, lane, coalesce(event.events, event_part.events) AS text
       FROM event LEFT JOIN event_part ON event_part.id = event.part
       WHERE last > ? AND last <= ?) AS event
     WHERE ${sql} ORDER BY last`,
    after,
    upTo,
    ...values,
  );
  const isWanted = ({ type, fields }: NumberedEvent) =>
    (wanted.types === undefined || wanted.types.includes(type)) &&
    (wanted.id === undefined || fields.id === wanted.id);
  return rows.flatMap((row) => {
    const dropped = droppedOf(db, row);
    return decodeEvents(row).filter((event) =>
      event.number > after && !dropped.has(event.fields.id) && isWanted(event)
    );
  });
}

/** The condition that a row's text may hold what is wanted. */
function textHas({ types, id }: WantedEvents): { readonly sql: string; readonly values: Value[] } {
  const texts = (types ?? []).map((type) => JSON.stringify(type));
  const some = texts.map(() => "instr(text, ?) > 0").join(" OR ");
  return {
    sql: `(${types === undefined ? "1" : some || "0"}) AND ${
      id === undefined ? "1" : "instr(text, ?) > 0"
    }`,
    values: [...texts, ...id === undefined ? [] : [JSON.stringify(id)]],
  };
}

/** The ids that were staged and dropped before the commit of their batch. */
function droppedOf(db: Connection, { lane }: Row): ReadonlySet<unknown> {
  if (lane === null) return NONE;
  const rows = db.all(DROPPED, int(lane));
  return new Set(rows.flatMap((row) => listOf(row.events, { whose: "a batch", what: "list" })));
}

const NONE: ReadonlySet<unknown> = new Set();
