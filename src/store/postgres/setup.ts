// Makes the schema of a queue on PostgreSQL and tells what it lacks, apart from using it: for `mailq
// migrate`. A queue is brought up to date when it is opened, too, where the role may.

import type { Clock } from "../../system/time.ts";
import { skewOf } from "./db/clock.ts";
import { openDatabase } from "./db/open_database.ts";
import { KNOWN_VERSION, migrate, migrationSql, refuseNewer, schemaState } from "./db/migrate.ts";
import { refuseEncoding } from "./db/open_schema.ts";

/** What a queue's database is like. */
interface DatabaseLook {
  /** How it is called, without what only the connection needs. */
  readonly name: string;
  /** Steps of the schema that were done, and those this program knows. */
  readonly version: number;
  readonly known: number;
  /** By how many ms the database's clock is ahead of this machine's. */
  readonly skewMs: number;
}

/** Looks at a database. Throws as opening a queue does, but not where there is no queue yet. */
export async function lookAtDatabase(url: string, clock: Clock): Promise<DatabaseLook> {
  const db = openDatabase(url, { connections: 1 });
  try {
    const state = await schemaState(db);
    refuseNewer(state, db.name);
    const skewMs = await skewOf(db, clock);
    return { name: db.name, version: state.version, known: KNOWN_VERSION, skewMs };
  } finally {
    await db.close();
  }
}

/** The SQL that a database lacks, for its owner to run; null where it lacks nothing. */
export function missingSql({ version, known }: DatabaseLook): string | null {
  return version >= known ? null : migrationSql(version);
}

/** Brings a queue's schema up to date, or makes it; resolves to how many steps that took. */
export async function migrateQueue(url: string): Promise<number> {
  const db = openDatabase(url, { connections: 1 });
  try {
    const before = await schemaState(db);
    refuseNewer(before, db.name);
    // Whoever may change nothing may ask all the same.
    if (before.version >= KNOWN_VERSION) return 0;
    if (before.version === 0) await refuseEncoding(db);
    const after = await migrate(db);
    return after.version - before.version;
  } finally {
    await db.close();
  }
}
