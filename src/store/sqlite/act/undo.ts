// Takes back the last action on messages. Rows are copied to tables of this connection alone before and
// after the action; a message that is still as the action left it is put back. Called by store.ts.

import type { TakenBack, Undo } from "../../../queue/ports/undo.ts";
import { shownStatus } from "../../../queue/state.ts";
import type { Clock } from "../../../system/time.ts";
import { statusOf } from "../../sql/damage.ts";
import { int } from "../../sql/columns.ts";
import type { Connection } from "../db/connection.ts";

/** Messages put back in one commit. */
const STEP = 500;

/** Each table of the queue that an action changes, and what tells its rows apart. */
const TABLES = { message: "seq", recipient: "seq, n" } as const;
type Table = keyof typeof TABLES;
const NAMES: readonly Table[] = ["message", "recipient"];

/** The rows of a message that differ between two moments. */
function differs(one: string, other: string): string {
  return `EXISTS (SELECT * FROM ${one} WHERE seq = ?1 EXCEPT SELECT * FROM ${other} WHERE seq = ?1)`;
}

const IS_CHANGED = NAMES.map((table) => differs(`temp.before_${table}`, `temp.after_${table}`))
  .join(" OR ");

/** It is what the action made of it, and no worker has had it since the action began. */
const IS_AS_LEFT = `EXISTS (SELECT 1 FROM message
    JOIN temp.before_message AS before ON before.seq = message.seq
    WHERE message.seq = ?1 AND message.claim_token IS NULL
      AND message.attempts = before.attempts
      AND (message.last_worker IS NULL OR message.last_worker IS before.last_worker))
  AND NOT (${NAMES.map((table) => differs(`main.${table}`, `temp.after_${table}`)).join(" OR ")})`;

export class SqliteUndo implements Undo {
  constructor(readonly db: Connection, readonly clock: Clock) {
    for (const table of NAMES) {
      for (const moment of ["before", "after"]) {
        db.run(
          `CREATE TEMP TABLE IF NOT EXISTS ${moment}_${table} AS SELECT * FROM main.${table} LIMIT 0`,
        );
        db.run(
          `CREATE INDEX IF NOT EXISTS temp.${moment}_${table}_seq ON ${moment}_${table} (${
            TABLES[table]
          })`,
        );
      }
    }
  }

  forget(): Promise<void> {
    for (const table of NAMES) {
      for (const moment of ["before", "after"]) this.db.run(`DELETE FROM temp.${moment}_${table}`);
    }
    return Promise.resolve();
  }

  remember(ids: readonly string[]): Promise<void> {
    this.#copy("before", ids);
    return Promise.resolve();
  }

  note(ids: readonly string[]): Promise<void> {
    this.#copy("after", ids);
    return Promise.resolve();
  }

  #copy(moment: "before" | "after", ids: readonly string[]): void {
    for (const table of NAMES) {
      this.db.run(
        `INSERT INTO temp.${moment}_${table} SELECT * FROM main.${table}
         WHERE seq IN (SELECT seq FROM main.message WHERE id IN (SELECT value FROM json_each(?)))`,
        JSON.stringify(ids),
      );
    }
  }

  touched(): Promise<string[]> {
    const rows = this.db.all("SELECT seq, id FROM temp.before_message ORDER BY seq");
    return Promise.resolve(
      rows.filter(({ seq }) => this.#holds(IS_CHANGED, int(seq))).map(({ id }) => String(id)),
    );
  }

  async takeBack(): Promise<TakenBack> {
    const seqs = this.db.all("SELECT seq FROM temp.before_message ORDER BY seq")
      .map(({ seq }) => int(seq)).filter((seq) => this.#holds(IS_CHANGED, seq));
    let restored = 0;
    for (let from = 0; from < seqs.length; from += STEP) {
      restored += await this.db.write(() =>
        seqs.slice(from, from + STEP).reduce((sum, seq) => sum + (this.#restore(seq) ? 1 : 0), 0)
      );
    }
    await this.forget();
    return { restored, left: seqs.length - restored };
  }

  #holds(condition: string, seq: number): boolean {
    return this.db.get(`SELECT 1 WHERE ${condition}`, seq) !== undefined;
  }

  /** Within a write, so that nobody claims it between the look and the change. */
  #restore(seq: number): boolean {
    if (!this.#holds(IS_AS_LEFT, seq)) return false;
    for (const table of NAMES) {
      const columns = this.#columns(table);
      const same = TABLES[table].split(", ").map((key) => `kept.${key} = ${table}.${key}`);
      this.db.run(
        `UPDATE OR ROLLBACK main.${table} SET (${columns}) =
           (SELECT ${columns} FROM temp.before_${table} AS kept WHERE ${same.join(" AND ")})
         WHERE seq = ?`,
        seq,
      );
    }
    const row = this.db.get("SELECT id, status FROM message WHERE seq = ?", seq);
    const id = String(row?.id);
    const status = shownStatus(statusOf(row?.status, `message ${id}`));
    this.db.tell({ type: "message.restored", id, status }, this.clock.now());
    return true;
  }

  /** All but those that tell rows apart. */
  #columns(table: Table): string {
    const keys: readonly string[] = TABLES[table].split(", ");
    return this.db.all(`SELECT name FROM pragma_table_info('${table}')`)
      .map(({ name }) => String(name)).filter((name) => !keys.includes(name)).join(", ");
  }
}
