// Looks over the database of a queue for `mailq doctor`: what it is, how it is reached, what this role may
// and what would keep the queue from working well. Judging is src/app/doctor's.

import type { Clock } from "../../system/time.ts";
import { int } from "../sql/columns.ts";
import { skewOf } from "./db/clock.ts";
import type { Database } from "./db/connection.ts";
import { KNOWN_VERSION, refuseNewer, schemaState } from "./db/migrate.ts";
import { openDatabase } from "./db/open_database.ts";

/** What a database is like for a queue. */
interface DatabaseFacts {
  readonly name: string;
  readonly role: string;
  /** As it says itself, and as a number such as 150006. */
  readonly version: string;
  readonly versionNumber: number;
  /** The TLS version in use; null = none. */
  readonly tls: string | null;
  /** It is reached without a network. */
  readonly isLocal: boolean;
  readonly isPooled: boolean;
  /** News is heard at once, and not looked for. */
  readonly isHeard: boolean;
  /** Steps of the schema that were done, and those this program knows. */
  readonly schema: { readonly version: number; readonly known: number };
  /** What this role may do with the queue's mail; it may send with all of these. */
  readonly rights: { readonly read: boolean; readonly write: boolean };
  readonly skewMs: number;
  /** It is another's copy, which nobody can write to. */
  readonly isStandby: boolean;
  /** A crash of its machine may lose what it has acknowledged. */
  readonly unsafeSettings: readonly string[];
  readonly isVacuumed: boolean;
  /** How long the oldest transaction is open, in seconds: vacuum keeps what has gone since. */
  readonly oldestSeconds: number;
}

/** Throws as opening the queue does, but not for what is missing in its schema. */
export async function lookOver(url: string, clock: Clock): Promise<DatabaseFacts> {
  const db = openDatabase(url, { connections: 1 });
  try {
    const state = await schemaState(db);
    refuseNewer(state, db.name);
    const row = await db.get(SERVER);
    return {
      name: db.name,
      role: String(row?.role),
      version: String(row?.version),
      versionNumber: int(row?.number),
      tls: typeof row?.tls === "string" ? row.tls : null,
      isLocal: isLocal(db.target.host),
      isPooled: db.isPooled,
      isHeard: !db.isPooled || db.target.listen !== null,
      schema: { version: state.version, known: KNOWN_VERSION },
      rights: await rightsOf(db, state.version),
      skewMs: await skewOf(db, clock),
      isStandby: row?.is_standby === true,
      unsafeSettings: UNSAFE.filter((name) => row?.[name] === "off").map((name) => `${name} = off`),
      isVacuumed: row?.autovacuum === "on",
      oldestSeconds: int(row?.oldest),
    };
  } finally {
    await db.close();
  }
}

const UNSAFE = ["fsync", "full_page_writes", "synchronous_commit"] as const;

const SERVER = `SELECT current_user AS role, current_setting('server_version') AS version,
    current_setting('server_version_num')::int AS number,
    (SELECT pg_stat_ssl.version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls,
    pg_is_in_recovery() AS is_standby, current_setting('autovacuum') AS autovacuum,
    ${UNSAFE.map((name) => `current_setting('${name}') AS ${name}`).join(", ")},
    (SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)
     FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND backend_type = 'client backend'
    )::bigint AS oldest`;

function isLocal(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host === "::1" || /^127\./.test(host);
}

async function rightsOf(db: Database, version: number): Promise<DatabaseFacts["rights"]> {
  if (version === 0) return { read: false, write: false };
  const may = (right: string) =>
    `has_schema_privilege('mailq', 'USAGE') AND coalesce(bool_and(has_table_privilege(oid, '${right}')), false)`;
  const row = await db.get(
    `SELECT ${may("SELECT")} AS read, ${may("UPDATE")} AND ${may("DELETE")} AS write
     FROM pg_class WHERE relnamespace = 'mailq'::regnamespace AND relkind = 'r'
       AND relname IN ('message', 'recipient', 'body', 'attempt', 'ready', 'worker')`,
  );
  return { read: row?.read === true, write: row?.write === true };
}
