// Writes events into the table `event`, in the very transaction that makes them true. The connection
// notes them (`Connection.tell`) and has them written last in its write. Loaded by every `mailq
// enqueue`: keep it small. Who reads them is read.ts.

// A row has all events of a commit (of a large one, several rows): its key is the number of the last
// one, so whoever remembers one number finds what came after it. One row a commit costs `send` a tenth
// of what a row an event does.
//
// Within a row, events of one type with the same fields are a table, `[type, [field…], [value…]…]`.
//
// What is told of staged mail waits in `event_part` until the batch is committed. The rows of `event`
// that it gets then have no text of their own but point at those parts: a commit of a million messages
// moves none of them.

import type { QueueEvent } from "../../../queue/event.ts";

/** What this needs of the connection. */
interface EventWriter {
  run(sql: string, ...values: (null | number | string)[]): number;
}

/** Events in a row: what a reader has in memory at once. */
const ROW_EVENTS = 500;

const LAST = "(SELECT coalesce(max(last), 0) FROM event)";
const INSERT = `INSERT INTO event (last, n, at, events) VALUES (${LAST} + ?, ?, ?, ?)`;
const INSERT_PART = "INSERT INTO event_part (lane, n, events) VALUES (?, ?, ?)";
const PUBLISH = `INSERT INTO event (last, n, at, part)
  SELECT ${LAST} + sum(n) OVER (ORDER BY id), n, ?, id FROM event_part WHERE lane = ? AND n > 0`;

interface Noted {
  readonly event: QueueEvent;
  readonly lane: number;
  readonly at: number;
}

/** The events of one write that is under way. */
export class NotedEvents {
  #noted: Noted[] = [];

  /** Notes what happened at `at` (ms since 1970). Of mail in a staged `lane` it is told once that is
   *  visible; 0 = with this commit. */
  readonly note = (event: QueueEvent, at: number, lane = 0): void => {
    this.#noted.push({ event, at, lane });
  };

  /** The write has failed, or begins anew. */
  forget(): void {
    if (this.#noted.length > 0) this.#noted = [];
  }

  /** Writes what was noted; the last thing inside the write. */
  write(db: EventWriter): void {
    const noted = this.#noted;
    if (noted.length === 0) return;
    this.#noted = [];
    for (let from = 0; from < noted.length;) {
      const { lane } = noted[from] as Noted; // within the list
      let to = from + 1;
      while (to < noted.length && noted[to]?.lane === lane && to - from < ROW_EVENTS) to++;
      const some = noted.slice(from, to);
      const text = encode(some);
      if (lane !== 0) db.run(INSERT_PART, lane, some.length, text);
      else db.run(INSERT, some.length, some.length, (some.at(-1) as Noted).at, text); // not empty
      from = to;
    }
  }
}

/** `type` is the first key of every event. */
function encode(noted: readonly Noted[]): string {
  const tables: unknown[][] = [];
  let type = "";
  let names: readonly string[] = [];
  let table: unknown[] = [];
  for (const { event } of noted) {
    const keys = Object.keys(event);
    const isAlike = event.type === type && keys.length === names.length &&
      keys.every((key, i) => key === names[i]);
    if (!isAlike) {
      type = event.type;
      names = keys;
      table = [type, keys.slice(1)];
      tables.push(table);
    }
    table.push(Object.values(event).slice(1));
  }
  return JSON.stringify(tables);
}

/** Tells what was noted of mail in a lane, which becomes visible with this commit: one statement,
 *  however much there is. Inside a write. */
export function publishLane(db: EventWriter, lane: number, at: number): void {
  db.run(PUBLISH, at, lane);
}

/** What was noted of one lane is told with another. Inside a write. */
export function moveLaneEvents(
  db: EventWriter,
  { from, into }: { readonly from: number; readonly into: number },
): void {
  db.run("UPDATE event_part SET lane = ? WHERE lane = ?", into, from);
}

/** Staged messages turned out to be there already: nothing is told of them. Inside a write. */
export function dropFromLane(db: EventWriter, lane: number, ids: readonly string[]): void {
  db.run("INSERT INTO event_part (lane, n, events) VALUES (?, 0, ?)", lane, JSON.stringify(ids));
}

/** Nothing is told of mail in a lane that is swept. Inside a write; returns whether there is more. */
export function sweepLaneEvents(db: EventWriter, lane: number): boolean {
  const SOME = 50;
  return db.run(
    `DELETE FROM event_part WHERE id IN (SELECT id FROM event_part WHERE lane = ? LIMIT ${SOME})`,
    lane,
  ) === SOME;
}
