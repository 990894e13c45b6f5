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
import type { NewMessage } from "../../../queue/message.ts";
import type { Teller } from "../../sql/teller.ts";

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

/** Events of one commit, or of one staged lane, in a row. */
interface EventRow {
  readonly lane: number;
  readonly n: number;
  /** When the last of them happened. */
  readonly at: number;
  /** What `decodeEvents` (sql/rows/event_rows.ts) reads. */
  readonly text: string;
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

  /** Takes what was noted, as rows; empty where there is nothing. */
  take(): EventRow[] {
    const noted = this.#noted;
    if (noted.length === 0) return [];
    this.#noted = [];
    const rows: EventRow[] = [];
    for (let from = 0; from < noted.length;) {
      const { lane } = noted[from] as Noted; // within the list
      let to = from + 1;
      while (to < noted.length && noted[to]?.lane === lane && to - from < ROW_EVENTS) to++;
      const some = noted.slice(from, to);
      rows.push({ lane, n: some.length, at: (some.at(-1) as Noted).at, text: encode(some) });
      from = to;
    }
    return rows;
  }

  /** Writes what was noted; the last thing inside the write. */
  write(db: EventWriter): void {
    for (const { lane, n, at, text } of this.take()) {
      if (lane !== 0) db.run(INSERT_PART, lane, n, text);
      else db.run(INSERT, n, n, at, text);
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

/** Tells that a message is in the queue, and which of its recipients are suppressed. Inside a write. */
export function tellEnqueued(
  db: Teller,
  message: NewMessage,
  sizeBytes: number,
  { lane, suppressed }: { readonly lane: number; readonly suppressed: readonly string[] },
): void {
  const { id, display, createdAt } = message;
  const enqueued = {
    type: "message.enqueued",
    id,
    sender: message.sender,
    recipients: message.recipients.length,
    size: sizeBytes,
    priority: message.priority,
    held: message.isHeld && suppressed.length < message.recipients.length,
    send_at: message.sendAt,
    expires_at: message.expiresAt,
    message_id: display.messageId,
    subject: display.subject,
    tags: message.tags,
    key: message.key,
    submitter: message.submitter ?? null,
    replaces: message.replaces ?? null,
  } as const;
  db.tell(enqueued, createdAt, lane);
  for (const address of suppressed) {
    db.tell({ type: "recipient.suppressed", id, address }, createdAt, lane);
  }
}

/** The way by which a message came in: what was dropped names its submitter, and so does who has
 *  logged in at a listener, where nothing else comes in. */
export function wayOf({ submitter }: { readonly submitter?: unknown }, wayIn: string): string {
  if (wayIn === "smtp" || wayIn === "submit") return wayIn;
  return submitter === null || submitter === undefined ? wayIn : "drop";
}
