// Takes mail from the inbox into the queue: rows are locked, made messages, inserted and deleted in one
// transaction, so that each is in exactly one place. What a row is worth is judged by who calls (the port
// `Inbox`); what it was refused for is kept with it.

import { errorText, MailqError } from "../../../queue/errors.ts";
import type { WholeMessage } from "../../../queue/message.ts";
import type { Inbox, InboxFigures, InboxRow, TakenIn } from "../../../queue/ports/inbox.ts";
import type { Clock } from "../../../system/time.ts";
import { int, number, text } from "../../sql/columns.ts";
import type { Row } from "../../sql/row.ts";
import type { Database } from "../db/connection.ts";
import type { Sql, Write } from "../db/transaction.ts";
import { NOBODY, Watch } from "../read/watch.ts";
import { enqueueAll, incoming } from "../take_in/enqueue.ts";
import { INBOX_CHANNEL } from "./layout.ts";

/** What goes into one commit, at most; one row in any case. */
const COMMIT_ROWS = 200;
const COMMIT_BYTES = 8 * 1024 * 1024;

const FIRST = `SELECT n, size FROM inbox ORDER BY n LIMIT ${COMMIT_ROWS} FOR UPDATE SKIP LOCKED`;
const REFUSE =
  `INSERT INTO refused (n, id, at, submitter, key, line, message, size, refused_at, reason)
  SELECT n, id, at, submitter, key, line, message, size, ?, ? FROM inbox WHERE n = ?`;

interface Tools {
  readonly db: Database;
  readonly clock: Clock;
  /** Tells who waits for mail; the last statement of a write. */
  readonly wake: (tx: Sql) => Promise<void>;
}

type Make = (row: InboxRow) => Promise<WholeMessage>;

export class PostgresInbox implements Inbox {
  readonly #watch: Watch;

  constructor(readonly tools: Tools) {
    const { db } = tools;
    this.#watch = new Watch(db, NOBODY, {
      channel: INBOX_CHANNEL,
      hasNews: async () =>
        (await db.get("SELECT EXISTS (SELECT FROM inbox) AS is_any"))?.is_any === true,
    });
  }

  async takeIn(make: Make): Promise<TakenIn[]> {
    const { db } = this.tools;
    try {
      return await db.write((tx) => this.#take(tx, make, COMMIT_ROWS, () => {}));
    } catch (error) {
      // Something is wrong with a row that the database does not take; which one, it does not say.
      if (error instanceof MailqError) throw error;
    }
    let tried: Row | undefined;
    try {
      return await db.write((tx) => this.#take(tx, make, 1, (row) => tried = row));
    } catch (error) {
      if (error instanceof MailqError || tried === undefined) throw error;
      const row = tried;
      return [await db.write((tx) => this.#refuse(tx, row, errorText(error)))];
    }
  }

  async #take(
    tx: Write,
    make: Make,
    limit: number,
    onRow: (row: Row) => void,
  ): Promise<TakenIn[]> {
    const rows = await firstRows(tx, limit);
    const taken: TakenIn[] = [];
    const messages: WholeMessage[] = [];
    for (const row of rows) {
      onRow(row);
      try {
        messages.push(await make(asHandedOver(row)));
      } catch (error) {
        if (!isMailsFault(error)) throw error;
        taken.push(await this.#refuse(tx, row, error.message));
      }
    }
    await tx.run("DELETE FROM inbox WHERE n = ANY(?)", rows.map((row) => int(row.n)));
    const inserted = await enqueueAll(tx, messages.map(incoming));
    const fresh = inserted.filter(({ seq }) => seq !== null).length;
    if (fresh > 0) tx.counts.add("enqueued", ["sql"], fresh);
    for (const [i, { enqueued }] of inserted.entries()) {
      const { id = "", submitter } = messages[i] ?? {};
      const firstId = enqueued.isKnownKey ? enqueued.id : null;
      taken.push({ id, submitter: submitter ?? "", refused: null, firstId });
    }
    if (fresh > 0) await this.tools.wake(tx);
    return taken;
  }

  async #refuse(tx: Write, row: Row, reason: string): Promise<TakenIn> {
    const [id, submitter] = [String(row.id), String(row.submitter)];
    const now = this.tools.clock.now();
    await tx.run(REFUSE, now, reason, int(row.n));
    await tx.run("DELETE FROM inbox WHERE n = ?", int(row.n));
    tx.tell({ type: "message.refused", id, submitter, key: text(row.key), reason }, now);
    return { id, submitter, refused: reason, firstId: null };
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#watch.changed(signal);
  }

  async sweepRefused(before: number): Promise<number> {
    return await this.tools.db.run("DELETE FROM refused WHERE refused_at < ?", before);
  }

  close(): Promise<void> {
    return this.#watch.close();
  }
}

function isMailsFault(error: unknown): error is MailqError {
  return error instanceof MailqError &&
    (error.code === "bad_message" || error.code === "bad_address");
}

async function firstRows(tx: Sql, limit: number): Promise<Row[]> {
  const found = await tx.all(FIRST);
  let bytes = 0;
  const fitting = found.slice(0, limit).filter(({ size }, i) =>
    (bytes += int(size)) <= COMMIT_BYTES || i === 0
  );
  if (fitting.length === 0) return [];
  return await tx.all(
    "SELECT * FROM inbox WHERE n = ANY(?) ORDER BY n",
    fitting.map((row) => int(row.n)),
  );
}

function asHandedOver(row: Row): InboxRow {
  return {
    id: String(row.id),
    at: int(row.at),
    submitter: String(row.submitter),
    key: text(row.key),
    line: row.line,
    message: row.message instanceof Uint8Array ? row.message : null,
  };
}

/** What is in the inbox now. */
export async function inboxFigures(db: Sql): Promise<InboxFigures> {
  const row = await db.get(
    `SELECT count(*) AS waiting, min(at) AS oldest_at,
       (SELECT count(*) FROM refused) AS refused FROM inbox`,
  );
  return {
    waiting: int(row?.waiting),
    oldestAt: number(row?.oldest_at),
    refused: int(row?.refused),
  };
}
