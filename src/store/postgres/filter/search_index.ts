// Keeps the index of words up to date: off the way of enqueueing, by the service between its rounds and
// before each search. What the words of a message are is words.ts's.

import type { Filter } from "../../../queue/filter.ts";
import type { SearchIndexOptions } from "../../../queue/ports/reader.ts";
import { wait } from "../../../system/time.ts";
import { int, text } from "../../sql/columns.ts";
import type { Database } from "../db/connection.ts";
import { json, type Sql } from "../db/transaction.ts";
import { wordRows } from "./words.ts";

// What a commit takes into the index, at most.
const COMMIT_ROWS = 2_000;
const COMMIT_MS = 40;
/** Messages read at once. */
const STEP = 250;

const MESSAGES = `SELECT seq, sender, subject, header_from, header_to, message_id FROM message
  WHERE seq = ANY(?)`;
const INSERT = `INSERT INTO words (seq, part, words)
  SELECT seq, part, words::tsvector FROM jsonb_to_recordset(?::jsonb) AS one
    (seq bigint, part integer, words text)`;

/** See Reader.bringSearchUpToDate. */
export async function bringSearchUpToDate(
  db: Database,
  { signal, onProgress }: SearchIndexOptions = {},
): Promise<void> {
  let done = 0;
  let total: number | null = null;
  while (signal?.aborted !== true && await hasUnindexed(db)) {
    total ??= onProgress === undefined ? 0 : await countUnindexed(db);
    done += await db.write(indexSome);
    onProgress?.(done, Math.max(done, total));
    // Whoever would stop us has his turn.
    await wait(1);
  }
}

async function hasUnindexed(sql: Sql): Promise<boolean> {
  return await sql.get("SELECT 1 FROM unindexed LIMIT 1") !== undefined;
}

async function countUnindexed(sql: Sql): Promise<number> {
  return int((await sql.get("SELECT count(*) AS n FROM unindexed"))?.n);
}

/** Takes the next messages into the index; resolves to how many. */
async function indexSome(tx: Sql): Promise<number> {
  const until = performance.now() + COMMIT_MS;
  let count = 0;
  while (count < COMMIT_ROWS && (count === 0 || performance.now() < until)) {
    // Who indexes the same at the same time is waited for: a search counts on it.
    const rows = await tx.all(
      `DELETE FROM unindexed WHERE seq IN
         (SELECT seq FROM unindexed ORDER BY seq LIMIT ${STEP} FOR UPDATE) RETURNING seq`,
    );
    if (rows.length === 0) break;
    await indexMessages(tx, rows.map((row) => int(row.seq)));
    count += rows.length;
  }
  return count;
}

async function indexMessages(tx: Sql, seqs: readonly number[]): Promise<void> {
  const [messages, recipients] = await Promise.all([
    tx.all(MESSAGES, seqs),
    tx.all("SELECT seq, address FROM recipient WHERE seq = ANY(?) ORDER BY seq, n", seqs),
  ]);
  const addresses = Map.groupBy(recipients, (row) => int(row.seq));
  const rows = messages.flatMap((row) => {
    const seq = int(row.seq);
    const words = wordRows({
      sender: String(row.sender),
      recipients: (addresses.get(seq) ?? []).map(({ address }) => String(address)),
      display: {
        subject: text(row.subject),
        from: text(row.header_from),
        to: text(row.header_to),
        messageId: text(row.message_id),
      },
    });
    return words.map((words, part) => ({ seq, part, words }));
  });
  if (rows.length > 0) await tx.run(INSERT, json(rows));
}

/** Takes all there is into the index where a filter looks for words: what it finds does not depend on
 *  how far the index has come. */
export async function readyFor(db: Database, filter: Filter): Promise<void> {
  if (isSearch(filter)) await bringSearchUpToDate(db);
}

function isSearch({ search, and = [], not = [] }: Filter): boolean {
  return search !== undefined || and.some(isSearch) || not.some(isSearch);
}
