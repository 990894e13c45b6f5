// Makes the schema and brings it up to date, one commit a step; and tells whether this program can use
// what is there. The store asks when it is opened; `mailq migrate` does it by itself.

import { MailqError } from "../../../queue/errors.ts";
import type { Database } from "./connection.ts";
import { CHANNEL } from "./news.ts";
import type { Sql } from "./transaction.ts";
import { MIGRATIONS } from "./schema.ts";

/** What is known of a queue's schema. */
interface SchemaState {
  /** Steps that were done; 0 = there is no queue. */
  readonly version: number;
  /** The newest step after which programs that do not know it cannot use the queue. */
  readonly breaking: number;
}

/** Steps this program knows. */
export const KNOWN_VERSION = MIGRATIONS.length;

const START = `CREATE SCHEMA IF NOT EXISTS mailq;
CREATE TABLE IF NOT EXISTS mailq.migration (
  version integer PRIMARY KEY,
  breaking boolean NOT NULL,
  done_at timestamptz NOT NULL DEFAULT now()
);`;
/** Of this program's own: no two processes make the schema at once. */
const LOCK = "SELECT pg_advisory_xact_lock(1835101555)";
/** Who waits for a lock of somebody's long transaction holds up everybody behind it. */
const TIMEOUT = "SET LOCAL lock_timeout = '5s'";

/** Every write reads this table: those that have begun are waited for, and later ones see that the step
 *  was done. */
const ALONE = "LOCK TABLE mailq.migration IN ACCESS EXCLUSIVE MODE";

/** What is there. */
export async function schemaState(db: Database): Promise<SchemaState> {
  const there = await db.get("SELECT to_regclass('mailq.migration') IS NOT NULL AS is_there");
  if (there?.is_there !== true) return { version: 0, breaking: 0 };
  return await readState(db);
}

async function readState(sql: Sql): Promise<SchemaState> {
  const row = await sql.get(
    `SELECT coalesce(max(version), 0) AS version,
       coalesce(max(version) FILTER (WHERE breaking), 0) AS breaking FROM mailq.migration`,
  );
  return { version: Number(row?.version), breaking: Number(row?.breaking) };
}

/** Does the steps that are missing. Throws `permission` for a role that may not. */
export async function migrate(db: Database): Promise<SchemaState> {
  await db.write(async (tx) => {
    await tx.run(TIMEOUT);
    await tx.all(LOCK);
    for (const statement of START.split(/;\n?/)) {
      if (statement.trim() !== "") await tx.run(statement);
    }
  }, { isOfSchema: true });
  for (const [index, { sql, isBreaking }] of MIGRATIONS.entries()) {
    const version = index + 1;
    await db.write(async (tx) => {
      await tx.run(TIMEOUT);
      await tx.all(LOCK);
      const { version: current } = await readState(tx);
      if (current >= version) return;
      if (isBreaking) await tx.run(ALONE);
      await tx.script(sql);
      await tx.run("INSERT INTO mailq.migration VALUES (?, ?)", version, String(isBreaking));
      // Services of older programs leave at their next look.
      if (isBreaking) await tx.run(`NOTIFY ${CHANNEL}`);
    }, { isOfSchema: true });
  }
  return await schemaState(db);
}

/** All that `migrate` would do on a database that has done the first `from` steps. */
export function migrationSql(from: number): string {
  const steps = MIGRATIONS.flatMap(({ sql, isBreaking }, index) =>
    index < from ? [] : [
      "BEGIN;",
      `${TIMEOUT};`,
      ...isBreaking ? [`${ALONE};`] : [],
      sql.trim(),
      `INSERT INTO mailq.migration VALUES (${index + 1}, ${isBreaking});`,
      "COMMIT;",
    ]
  );
  return [START, ...steps].join("\n");
}

/** Throws `queue_newer` if a newer program has changed the schema in a way that this one cannot
 *  follow. What it knows it may still read. */
export function refuseNewer({ version, breaking }: SchemaState, name: string): void {
  if (breaking <= KNOWN_VERSION) return;
  throw new MailqError(
    "queue_newer",
    `Cannot write the queue ${name}: a newer mailq has changed it (schema ${version}, ` +
      `this program knows ${KNOWN_VERSION}); update this program`,
  );
}
