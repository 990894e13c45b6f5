// Reads a queue for `mailq copy`, some messages at a time with all that belongs to them. The queue is
// paused meanwhile; steps of one call run in one transaction.

import { MailqError } from "../../../queue/errors.ts";
import type { CopiedMessage, CopiedRow, TableRows } from "../../../queue/ports/copying.ts";
import { int } from "../columns.ts";
import { VISIBLE } from "../condition.ts";
import type { Row } from "../row.ts";
import { CHILDREN, HOOK, MESSAGE, OTHERS } from "./columns.ts";
import { type CopyDialect, row, rows, type Steps } from "./steps.ts";

/** What is in memory at once, in messages and in about so many bytes. */
const SOME_MESSAGES = 500;
const SOME_BYTES = 8 * 1024 * 1024;
/** What an attempt counts for; with a transcript it may be four times as much. */
const ATTEMPT_BYTES = 16 * 1024;

/** See CopySource.queueId. */
export function* queueId(): Steps<string> {
  return String((yield* row("SELECT value FROM meta WHERE key = 'queue_id'"))?.value);
}

/** See CopySource.claimed. */
export function* claimed(): Steps<number> {
  const found = yield* row(
    `SELECT count(*) AS n FROM message
     WHERE status = 'sending' OR (status = 'held' AND claim_worker IS NOT NULL)`,
  );
  return int(found?.n);
}

/** See CopySource.reach. */
export function* reach(
  { lockMessages }: CopyDialect,
): Steps<{ readonly settled: number; readonly newest: number }> {
  if (lockMessages !== null) yield* rows(lockMessages);
  const newest = int((yield* row("SELECT coalesce(max(seq), 0) AS seq FROM message"))?.seq);
  const staged = yield* row(
    `SELECT min(seq) AS seq FROM message WHERE lane <> 0 AND NOT (${VISIBLE})`,
  );
  return { newest, settled: staged?.seq == null ? newest : int(staged.seq) - 1 };
}

/** See CopySource.count. */
export function* countAfter(after: number): Steps<number> {
  const found = yield* row(
    `SELECT count(*) AS n FROM message WHERE seq > ? AND ${VISIBLE}`,
    after,
  );
  return int(found?.n);
}

/** See CopySource.messages. */
export function* readSome(
  dialect: CopyDialect,
  after: number,
  upTo: number,
): Steps<readonly CopiedMessage[]> {
  yield* refuseSending();
  const next = yield* rows(
    `SELECT seq, size * body_kept + attempts * ${ATTEMPT_BYTES} AS bytes FROM message
     WHERE seq > ? AND seq <= ? AND ${VISIBLE} ORDER BY seq LIMIT ${SOME_MESSAGES}`,
    after,
    upTo,
  );
  let bytes = 0;
  const fits = next.filter((one, i) => (bytes += int(one.bytes)) <= SOME_BYTES || i === 0);
  const [first, last] = [fits[0], fits.at(-1)];
  if (first === undefined || last === undefined) return [];
  return yield* readMessages(dialect, int(first.seq), int(last.seq));
}

/** A message whose sending goes on would be sent by both queues. */
function* refuseSending(): Steps<void> {
  const paused = yield* row(
    `SELECT 1 AS is_so FROM meta WHERE key = 'paused_since'
       AND NOT EXISTS (SELECT 1 FROM meta WHERE key = 'paused_until')`,
  );
  if (paused !== undefined && (yield* claimed()) === 0) return;
  throw new MailqError(
    "busy",
    "Cannot go on copying: the queue was resumed meanwhile; `mailq copy` again pauses it and goes on",
  );
}

/** The messages from a seq to another, in their order. */
export function* readMessages(
  dialect: CopyDialect,
  first: number,
  last: number,
): Steps<readonly CopiedMessage[]> {
  const found = yield* rows(
    `SELECT seq, ${MESSAGE.join(", ")} FROM message
     WHERE seq BETWEEN ? AND ? AND ${VISIBLE} ORDER BY seq ${dialect.locks}`,
    first,
    last,
  );
  const children = new Map<string, Map<number, Row[]>>();
  for (const [table, columns] of CHILDREN) {
    const sql = `SELECT seq, ${columns.join(", ")} FROM ${table}
      WHERE seq BETWEEN ? AND ? ORDER BY seq, ${columns[0]}`;
    children.set(table, bySeq(yield* rows(sql, first, last)));
  }
  const parts = bySeq(yield* rows(dialect.parts, first, last));
  return found.map((message): CopiedMessage => {
    const seq = int(message.seq);
    const of = (table: string, columns: readonly string[]) =>
      (children.get(table)?.get(seq) ?? []).map((row) => pick(row, columns));
    return {
      seq,
      row: pick(message, MESSAGE),
      children: new Map([...CHILDREN].map(([table, names]) => [table, of(table, names)])),
      parts: (parts.get(seq) ?? []).map(({ bytes }) => bytesOf(bytes)),
    };
  });
}

function bySeq(found: readonly Row[]): Map<number, Row[]> {
  return Map.groupBy(found, ({ seq }) => int(seq));
}

function pick(row: Row, columns: readonly string[]): CopiedRow {
  // The schema has nothing else in these columns.
  return Object.fromEntries(columns.map((name) => [name, row[name] as CopiedRow[string]]));
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new MailqError("queue_corrupt", "Cannot copy the queue: a part of a body is no bytes");
}

/** See CopySource.others. */
export function* readOthers(): Steps<TableRows> {
  const others = new Map<string, readonly CopiedRow[]>();
  for (const [table, columns] of [...OTHERS, ["hook", HOOK] as const]) {
    const found = yield* rows(`SELECT ${columns.join(", ")} FROM ${table}`);
    others.set(table, found.map((row) => pick(row, columns)));
  }
  const counts = yield* rows(
    "SELECT name, labels, sum(value) AS value FROM counter GROUP BY name, labels",
  );
  others.set("counter", counts.map((row) => pick(row, ["name", "labels", "value"])));
  return others;
}
