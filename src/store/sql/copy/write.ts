// Puts what `mailq copy` has read into another queue, with the mark of how far it has come. Steps of one
// call run in one transaction, so that an interrupted copy goes on where the mark is.

import { MailqError } from "../../../queue/errors.ts";
import type { NumberedEvent, QueueEvent } from "../../../queue/event.ts";
import type {
  CopiedMessage,
  CopiedRow,
  CopyMark,
  PutMessages,
  TableRows,
} from "../../../queue/ports/copying.ts";
import { NotedEvents } from "../../sqlite/events/write.ts";
import { int } from "../columns.ts";
import { CHILDREN, HOOK, MESSAGE, OTHERS } from "./columns.ts";
import { readMessages } from "./read.ts";
import { type CopyDialect, row, rows, type Steps } from "./steps.ts";

const SET_META =
  "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";

function nameOf(source: string): string {
  return `copy_of:${source}`;
}

function* setMark(source: string, mark: CopyMark): Steps<CopyMark> {
  yield* rows(SET_META, nameOf(source), JSON.stringify(mark));
  return mark;
}

function* findMark(dialect: CopyDialect, source: string): Steps<CopyMark | null> {
  const sql = `SELECT value FROM meta WHERE key = ? ${dialect.locks}`;
  const found = yield* row(sql, nameOf(source));
  return found === undefined ? null : JSON.parse(String(found.value));
}

function* newestEvent({ lockEvents, newestEvent }: CopyDialect): Steps<number> {
  if (lockEvents !== null) yield* rows(lockEvents);
  return int((yield* row(newestEvent))?.last);
}

/** See CopyTarget.begin. */
export function* begin(
  dialect: CopyDialect,
  source: string,
  reason: string,
  now: number,
): Steps<CopyMark> {
  // Without an event: the first ones here are to be the other queue's.
  const paused = yield* row("SELECT value FROM meta WHERE key = 'paused_since'");
  const until = yield* rows("DELETE FROM meta WHERE key = 'paused_until' RETURNING key");
  if (paused === undefined || until.length > 0) {
    yield* rows(SET_META, "paused_since", String(now));
    yield* rows(SET_META, "paused_reason", reason);
  }
  const found = yield* findMark(dialect, source);
  if (found !== null) return found;
  const events = (yield* newestEvent(dialect)) === 0 ? 0 : null;
  return yield* setMark(source, { upTo: 0, messages: 0, events, counts: {} });
}

/** Throws `busy` where another copy has moved the mark. */
function* holdMark(dialect: CopyDialect, source: string, mark: CopyMark): Steps<void> {
  const found = yield* findMark(dialect, source);
  if (JSON.stringify(found) === JSON.stringify(mark)) return;
  throw new MailqError("busy", "Cannot go on copying: another `mailq copy` of this queue runs");
}

/** See CopyTarget.putMessages. */
export function* putMessages(
  dialect: CopyDialect,
  source: string,
  messages: readonly CopiedMessage[],
  mark: CopyMark,
): Steps<PutMessages> {
  yield* holdMark(dialect, source, mark);
  yield* refuseKnown(dialect, messages);
  const taken = yield* takenKeys(dialect, messages);
  const changed = messages.map((one) =>
    taken.has(one.row.key) ? { ...one, row: withoutKey(one.row) } : one
  );
  const inserted = yield* rows(
    `${dialect.insertMessage} (lane, ${MESSAGE.join(", ")})
     ${dialect.rowsOf("message", ["lane", ...MESSAGE])} RETURNING seq, id`,
    JSON.stringify(changed.map(({ seq, row }) => ({ seq, lane: 0, ...row }))),
  );
  const seqs = new Map(inserted.map(({ id, seq }) => [id, int(seq)]));
  const put = changed.map((one) => ({ ...one, seq: seqs.get(one.row.id) ?? 0 }));
  for (const [table, columns] of CHILDREN) {
    const list = put.flatMap(({ seq, children }) =>
      (children.get(table) ?? []).map((row) => ({ seq, ...row }))
    );
    yield* insert(dialect, table, ["seq", ...columns], list);
  }
  for (const { seq, parts } of put) {
    for (const [n, bytes] of parts.entries()) yield* rows(dialect.insertPart, seq, n, bytes);
  }
  yield* compare(dialect, put);
  const upTo = messages.at(-1)?.seq ?? mark.upTo;
  const moved = { ...mark, upTo, messages: mark.messages + messages.length };
  return {
    mark: yield* setMark(source, moved),
    keyless: changed.filter((one, i) => one !== messages[i]).length,
  };
}

function* refuseKnown(dialect: CopyDialect, messages: readonly CopiedMessage[]): Steps<void> {
  const known = yield* row(
    `SELECT id FROM message WHERE ${dialect.isIn("id")} LIMIT 1`,
    JSON.stringify(messages.map(({ row }) => row.id)),
  );
  if (known === undefined) return;
  throw new MailqError(
    "usage",
    `Cannot copy message ${known.id}: it is there already, from elsewhere; copy into another queue, ` +
      "such as a new one",
  );
}

function* takenKeys(
  dialect: CopyDialect,
  messages: readonly CopiedMessage[],
): Steps<ReadonlySet<unknown>> {
  const keys = messages.flatMap(({ row }) => row.key ?? []);
  if (keys.length === 0) return new Set();
  const sql = `SELECT key FROM message WHERE ${dialect.isIn("key")}`;
  return new Set((yield* rows(sql, JSON.stringify(keys))).map(({ key }) => key));
}

/** Whoever gave the key has perhaps sent the same by it already. */
function withoutKey(row: CopiedRow): CopiedRow {
  return row.final_at === null
    ? { ...row, key: null, held: 1, status: "held" }
    : { ...row, key: null };
}

function* insert(
  dialect: CopyDialect,
  table: string,
  columns: readonly string[],
  list: readonly CopiedRow[],
): Steps<void> {
  if (list.length === 0) return;
  yield* rows(
    `INSERT INTO ${table} (${columns.join(", ")}) ${dialect.rowsOf(table, columns)}
     ON CONFLICT DO NOTHING`,
    JSON.stringify(list),
  );
}

/** Reads what was put in again; throws where anything is not as it was read. */
function* compare(dialect: CopyDialect, put: readonly CopiedMessage[]): Steps<void> {
  const seqs = put.map(({ seq }) => seq);
  const found = yield* readMessages(dialect, Math.min(...seqs), Math.max(...seqs));
  const bySeq = new Map(found.map((one) => [one.seq, one]));
  for (const one of put) {
    const copy = bySeq.get(one.seq);
    if (copy !== undefined && isSame(one, copy)) continue;
    throw new MailqError(
      "io_error",
      `Cannot copy message ${one.row.id}: what was written reads differently; nothing of it was kept`,
    );
  }
}

function isSame(one: CopiedMessage, other: CopiedMessage): boolean {
  const text = ({ row, children }: CopiedMessage) => JSON.stringify([row, ...children]);
  return text(one) === text(other) && one.parts.length === other.parts.length &&
    one.parts.every((part, n) => isEqual(part, other.parts[n]));
}

function isEqual(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return other?.length === one.length && one.every((byte, i) => byte === other[i]);
}

/** See CopyTarget.putEvents. */
export function* putEvents(
  dialect: CopyDialect,
  source: string,
  { events, upTo }: { readonly events: readonly NumberedEvent[]; readonly upTo: number },
  mark: CopyMark,
): Steps<CopyMark> {
  yield* holdMark(dialect, source, mark);
  if ((yield* newestEvent(dialect)) !== mark.events) {
    return yield* setMark(source, { ...mark, events: null });
  }
  for (const event of eventRows(events, mark.events, upTo)) {
    yield* rows(
      "INSERT INTO event (last, n, at, events) VALUES (?, ?, ?, ?)",
      ...[event.last, event.n, event.at, event.text],
    );
  }
  return yield* setMark(source, { ...mark, events: upTo });
}

interface EventRow {
  readonly last: number;
  readonly n: number;
  readonly at: number;
  readonly text: string;
}

/** Events as rows again, in which numbers follow each other: where some are missing, a row has none. */
function* eventRows(
  events: readonly NumberedEvent[],
  after: number,
  upTo: number,
): Generator<EventRow> {
  let last = after;
  let at = 0;
  const gap = (to: number): EventRow => ({ last: to, n: to - last, at, text: "[]" });
  for (let from = 0; from < events.length;) {
    const first = events[from] as NumberedEvent; // within the list
    let to = from + 1;
    while (events[to]?.number === first.number + to - from && events[to]?.at === first.at) to++;
    at = first.at;
    // What was deleted before the first of all stays told as deleted.
    if (first.number > last + 1 && last > 0) yield gap(first.number - 1);
    const noted = new NotedEvents();
    for (const { type, fields } of events.slice(from, to)) {
      // They were events when they were written.
      noted.note({ type, ...fields } as unknown as QueueEvent, at);
    }
    last = first.number - 1;
    for (const { n, text } of noted.take()) yield { last: last += n, n, at, text };
    from = to;
  }
  if (last < upTo && last > 0) yield gap(upTo);
}

/** See CopyTarget.putOthers. */
export function* putOthers(
  dialect: CopyDialect,
  source: string,
  others: TableRows,
  mark: CopyMark,
): Steps<CopyMark> {
  yield* holdMark(dialect, source, mark);
  for (const [table, columns] of OTHERS) {
    yield* insert(dialect, table, columns, others.get(table) ?? []);
  }
  if (mark.events !== null) yield* putHooks(dialect, others.get("hook") ?? []);
  const counts = { ...mark.counts };
  for (const { name, labels, value } of others.get("counter") ?? []) {
    const key = `${name} ${labels}`;
    const before = counts[key];
    if (before === value) continue;
    counts[key] = Number(value);
    yield* rows(dialect.addCount, name ?? "", labels ?? "", Number(value) - (before ?? 0));
  }
  return yield* setMark(source, { ...mark, counts });
}

/** One that was told further by the other queue since is not told that again. */
function* putHooks(dialect: CopyDialect, hooks: readonly CopiedRow[]): Steps<void> {
  for (const hook of hooks) {
    yield* rows(
      "DELETE FROM hook WHERE name = ? AND position < ?",
      hook.name ?? "",
      hook.position ?? 0,
    );
  }
  yield* insert(dialect, "hook", HOOK, hooks);
}
