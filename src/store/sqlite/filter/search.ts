// Search by words: keeps the index up to date, and finds messages by it or, where it is not up to
// date, row by row. What a word is, words.ts says.

import type { SearchIndexOptions } from "../../../queue/ports/reader.ts";
import { int, text } from "../../sql/columns.ts";
import type { Connection, Row } from "../db/connection.ts";
import type { Condition } from "../../sql/condition.ts";
import { hasWords, readSearch, type Search, wordsOf } from "../../sql/words.ts";
import { wait } from "../../../system/time.ts";

// What a commit takes into the index, at most: others wait for it to write.
const COMMIT_ROWS = 2_000;
const COMMIT_MS = 40;
/** Rows read at once. */
const STEP = 250;
/** Pages of the index that are put together in one commit. */
const MERGE_PAGES = 200;

const UNINDEXED = `seq > (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'searched_to')`;
const ROWS = `SELECT seq, n_total, first_recipient, subject, sender, header_from, header_to,
  message_id FROM message`;

/** See Reader.bringSearchUpToDate. A seq is given out and committed under the same lock, so all
 *  that comes later has a higher one: one mark tells what is in the index, mail that is being
 *  staged included. */
export async function bringSearchUpToDate(
  db: Connection,
  { signal, onProgress }: SearchIndexOptions,
): Promise<void> {
  if (db.isReadOnly) return;
  let done = 0;
  let total: number | null = null;
  while (signal?.aborted !== true && hasUnindexed(db)) {
    total ??= onProgress === undefined ? 0 : countUnindexed(db);
    done += await db.write(() => indexSome(db));
    onProgress?.(done, Math.max(done, total));
    await pause();
  }
}

/** Lets other writers, and whoever would stop us, have their turn. */
const pause = () => wait(1);

function hasUnindexed(db: Connection): boolean {
  return db.get(`SELECT 1 FROM message WHERE ${UNINDEXED} LIMIT 1`) !== undefined;
}

function countUnindexed(db: Connection): number {
  return int(db.get(`SELECT count(*) AS n FROM message WHERE ${UNINDEXED}`)?.n);
}

/** Takes the next messages into the index; runs inside a write. Returns how many. */
function indexSome(db: Connection): number {
  const until = performance.now() + COMMIT_MS;
  let count = 0;
  let last: number | null = null;
  while (count < COMMIT_ROWS && (last === null || performance.now() < until)) {
    const rows = db.all(
      last === null
        ? `${ROWS} WHERE ${UNINDEXED} ORDER BY seq LIMIT ${STEP}`
        : `${ROWS} WHERE seq > ${last} ORDER BY seq LIMIT ${STEP}`,
    );
    for (const row of rows) {
      const [subject = [], addresses = [], id = []] = fieldsOf(db, row);
      db.run(
        `INSERT INTO words (rowid, subject_words, address_words, id_words) VALUES (?, ?, ?, ?)`,
        int(row.seq),
        subject.join(" "),
        addresses.join(" "),
        id.join(" "),
      );
    }
    count += rows.length;
    const end = rows.at(-1);
    if (end !== undefined) last = int(end.seq);
    if (rows.length < STEP) break;
  }
  if (last !== null) db.run("UPDATE meta SET value = ? WHERE key = 'searched_to'", String(last));
  return count;
}

/** The words of a message by field: subject, addresses, Message-ID. */
function fieldsOf(db: Connection, row: Row): string[][] {
  const recipients = row.n_total === 1
    ? [String(row.first_recipient)]
    : db.all("SELECT address FROM recipient WHERE seq = ? ORDER BY n", int(row.seq))
      .map(({ address }) => String(address));
  const addresses = new Set([String(row.sender), ...recipients]);
  for (const header of [text(row.header_from), text(row.header_to)]) {
    if (header !== null) addresses.add(header);
  }
  return [
    wordsOf(text(row.subject) ?? ""),
    [...addresses].flatMap(wordsOf),
    wordsOf(text(row.message_id) ?? ""),
  ];
}

/** Where the messages with certain words are. */
export interface Found {
  /** What to ask the index for; null if nothing can match. */
  readonly match: string | null;
  /** Messages with the words that are not in the index yet, as a JSON array of seqs; null if
   *  there are none. */
  readonly unindexed: string | null;
}

/** Looks for a text: what is not in the index yet is read row by row, so that what is found does
 *  not depend on how far the index has come. Null for a blank text, which asks for nothing. */
export function findWords(db: Connection, searched: string): Found | null {
  const search = readSearch(searched);
  if (search === null) return null;
  if (search.length === 0) return { match: null, unindexed: null };
  const seqs = unindexedWith(db, search);
  return {
    match: matchText(search),
    unindexed: seqs.length === 0 ? null : JSON.stringify(seqs),
  };
}

function unindexedWith(db: Connection, search: Search): number[] {
  const found: number[] = [];
  let rows = db.all(`${ROWS} WHERE ${UNINDEXED} ORDER BY seq LIMIT ${STEP}`);
  while (rows.length > 0) {
    for (const row of rows) if (hasWords(search, fieldsOf(db, row))) found.push(int(row.seq));
    const last = int(rows.at(-1)?.seq);
    rows = rows.length < STEP
      ? []
      : db.all(`${ROWS} WHERE seq > ${last} ORDER BY seq LIMIT ${STEP}`);
  }
  return found;
}

/** The search in the language of FTS5. Words are of letters and digits alone: nothing in them
 *  can be read as an operator or end a quoted string. */
function matchText(search: Search): string {
  return search.map((words) => `"${words.join(" ")}" *`).join(" AND ");
}

/** Messages that are read one by one before the index is asked. */
const NEAR = 1_000;

/** A stretch of messages in order of seq. */
interface Stretch {
  /** The seq before the first one; null = from the end of the queue. */
  readonly after: number | null;
  readonly descending: boolean;
  readonly limit: number;
}

/** The first messages of a stretch that have the words and meet a condition, if as many as wanted
 *  are among the next thousand; null if not. FTS5 gathers all that begins with a word before it
 *  gives the first, 30 to 120 ms where that is in most of a million messages; but just then the
 *  first ones are near. */
export function nearestWith(
  db: Connection,
  searched: string,
  { sql, values }: Condition,
  { after, descending, limit }: Stretch,
): number[] | null {
  const search = readSearch(searched);
  if (search === null || search.length === 0) return null;
  const end = descending ? "max" : "min";
  let at = after ?? int(db.get(`SELECT ${end}(seq) AS seq FROM message`)?.seq) +
      (descending ? 1 : -1);
  const last = descending ? at - NEAR : at + NEAR;
  const found: number[] = [];
  for (;;) {
    const rows = db.all(
      `${ROWS} WHERE seq ${descending ? "<" : ">"} ? AND seq ${
        descending ? ">=" : "<="
      } ? AND ${sql}
       ORDER BY seq ${descending ? "DESC" : "ASC"} LIMIT ${STEP}`,
      at,
      last,
      ...values,
    );
    for (const row of rows) {
      if (hasWords(search, fieldsOf(db, row))) found.push(int(row.seq));
      if (found.length >= limit) return found;
    }
    if (rows.length < STEP) return null;
    at = int(rows.at(-1)?.seq);
  }
}

/** Frees what the index still holds of deleted messages, in commits of their own: all of it if no
 *  message is left, else in parts of the index of which it is a tenth or more. */
export async function tidySearch(db: Connection): Promise<void> {
  const isEmpty = await db.write(() => {
    if (db.get("SELECT 1 FROM message LIMIT 1") !== undefined) return false;
    db.run("INSERT INTO words (words) VALUES ('delete-all')");
    return true;
  });
  if (isEmpty) return;
  while (await db.write(() => mergeSome(db))) await pause();
}

/** Returns whether there was anything to merge (sqlite.org/fts5.html, 6.10). */
function mergeSome(db: Connection): boolean {
  const before = changes(db);
  db.run(`INSERT INTO words (words, rank) VALUES ('merge', ${MERGE_PAGES})`);
  return changes(db) - before >= 2;
}

function changes(db: Connection): number {
  return int(db.get("SELECT total_changes() AS n")?.n);
}
