// Takes back the last action on messages. What they were like before and after it is kept in memory: a
// pooler gives no session a table of its own. Called by store.ts.

import type { TakenBack, Undo } from "../../../queue/ports/undo.ts";
import { shownStatus } from "../../../queue/state.ts";
import type { Clock } from "../../../system/time.ts";
import { int } from "../../sql/columns.ts";
import { CHILDREN, MESSAGE } from "../../sql/copy/columns.ts";
import { statusOf } from "../../sql/damage.ts";
import type { Row } from "../../sql/row.ts";
import type { Database } from "../db/connection.ts";
import type { Sql, Write } from "../db/transaction.ts";

/** Messages put back in one commit. */
const STEP = 500;

/** A message as JSON: its row, and the list of its recipients'. */
interface Look {
  readonly id: string;
  readonly message: string;
  readonly recipients: string;
}

interface Touched {
  readonly seq: number;
  readonly before: Look;
  readonly after: Look;
}

const LOOK = `SELECT seq, id, to_jsonb(message)::text AS message,
    (SELECT jsonb_agg(to_jsonb(recipient) ORDER BY n) FROM recipient
     WHERE recipient.seq = message.seq)::text AS recipients
  FROM message`;
const PUT_MESSAGES = putBack("message", MESSAGE, ["seq"]);
const PUT_RECIPIENTS = putBack("recipient", CHILDREN.get("recipient") ?? [], ["seq", "n"]);

function putBack(table: string, columns: readonly string[], keys: readonly string[]): string {
  return `UPDATE ${table} SET ${columns.map((name) => `${name} = was.${name}`).join(", ")}
    FROM jsonb_populate_recordset(NULL::${table}, ?::jsonb) AS was
    WHERE ${keys.map((key) => `${table}.${key} = was.${key}`).join(" AND ")}`;
}

export class PostgresUndo implements Undo {
  readonly #before = new Map<number, Look>();
  readonly #after = new Map<number, Look>();

  constructor(readonly db: Database, readonly clock: Clock) {}

  forget(): Promise<void> {
    this.#before.clear();
    this.#after.clear();
    return Promise.resolve();
  }

  async remember(ids: readonly string[]): Promise<void> {
    await look(this.db, "WHERE id = ANY(?)", ids, this.#before);
  }

  async note(ids: readonly string[]): Promise<void> {
    await look(this.db, "WHERE id = ANY(?)", ids, this.#after);
  }

  /** The messages that the action has changed, in their order. */
  #changed(): Touched[] {
    return [...this.#before].flatMap(([seq, before]) => {
      const after = this.#after.get(seq);
      return after === undefined || isSame(before, after) ? [] : { seq, before, after };
    }).sort((a, b) => a.seq - b.seq);
  }

  touched(): Promise<string[]> {
    return Promise.resolve(this.#changed().map(({ before }) => before.id));
  }

  async takeBack(): Promise<TakenBack> {
    const changed = this.#changed();
    let restored = 0;
    for (let from = 0; from < changed.length; from += STEP) {
      const some = changed.slice(from, from + STEP);
      restored += await this.db.write((tx) => restore(tx, some, this.clock.now()));
    }
    await this.forget();
    return { restored, left: changed.length - restored };
  }
}

async function look(
  sql: Sql,
  where: string,
  keys: readonly number[] | readonly string[],
  into: Map<number, Look>,
): Promise<void> {
  for (const { seq, id, message, recipients } of await sql.all(`${LOOK} ${where}`, keys)) {
    into.set(int(seq), {
      id: String(id),
      message: String(message),
      recipients: String(recipients),
    });
  }
}

/** Locks them, so that nobody claims one between the look and the change. */
async function restore(tx: Write, changed: readonly Touched[], now: number): Promise<number> {
  const found = new Map<number, Look>();
  const seqs = changed.map(({ seq }) => seq);
  await look(tx, "WHERE seq = ANY(?) ORDER BY seq FOR UPDATE", seqs, found);
  const kept = changed.filter((one) => isAsLeft(found.get(one.seq), one)).map(({ before }) =>
    before
  );
  if (kept.length === 0) return 0;
  await tx.run(PUT_RECIPIENTS, `[${kept.map(({ recipients }) => recipients.slice(1, -1)).join()}]`);
  await tx.run(PUT_MESSAGES, `[${kept.map(({ message }) => message).join()}]`);
  for (const { id, message } of kept) {
    const status = shownStatus(statusOf(JSON.parse(message).status, `message ${id}`));
    tx.tell({ type: "message.restored", id, status }, now);
  }
  return kept.length;
}

function isSame(one: Look, other: Look): boolean {
  return one.message === other.message && one.recipients === other.recipients;
}

/** It is what the action made of it, and no worker has had it since the action began. */
function isAsLeft(found: Look | undefined, { before, after }: Touched): boolean {
  if (found === undefined || !isSame(found, after)) return false;
  const [now, was]: Row[] = [JSON.parse(found.message), JSON.parse(before.message)];
  return now?.claim_token === null && now.attempts === was?.attempts &&
    (now.last_worker === null || now.last_worker === was?.last_worker);
}
