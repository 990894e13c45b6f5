// Gives a role of the database rights in a queue: for `mailq grant`. Roles need none but these: whoever
// owns the schema brings it up to date (setup.ts).

import { MailqError } from "../../queue/errors.ts";
import type { Right } from "../right.ts";
import type { Database } from "./db/connection.ts";
import { KNOWN_VERSION, refuseNewer, schemaState } from "./db/migrate.ts";
import { openDatabase } from "./db/open_database.ts";

/** What each right consists of, given to `role`. Tables of later steps of the schema come under it, too. */
const GRANTS: Readonly<Record<Right, (role: string, owner: string) => readonly string[]>> = {
  none: () => [],
  submit: (role) => [
    `GRANT USAGE ON SCHEMA mailq TO ${role}`,
    `GRANT EXECUTE ON FUNCTION mailq.enqueue, mailq.enqueue_raw, mailq.cancel TO ${role}`,
  ],
  read: (role, owner) => [
    `GRANT USAGE ON SCHEMA mailq TO ${role}`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA mailq TO ${role}`,
    `GRANT SELECT ON ALL SEQUENCES IN SCHEMA mailq TO ${role}`,
    `GRANT EXECUTE ON FUNCTION mailq.as_time, mailq.number_events TO ${role}`,
    // A search brings the index of words up to date first.
    `GRANT UPDATE, DELETE ON mailq.unindexed TO ${role}`,
    `GRANT INSERT ON mailq.words TO ${role}`,
    `${later(owner)} GRANT SELECT ON TABLES TO ${role}`,
    `${later(owner)} GRANT SELECT ON SEQUENCES TO ${role}`,
  ],
  operate: (role, owner) => [
    `GRANT USAGE ON SCHEMA mailq TO ${role}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA mailq TO ${role}`,
    `REVOKE INSERT, UPDATE, DELETE ON mailq.migration FROM ${role}`,
    `GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA mailq TO ${role}`,
    `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA mailq TO ${role}`,
    `${later(owner)} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role}`,
    `${later(owner)} GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO ${role}`,
    `${later(owner)} GRANT EXECUTE ON FUNCTIONS TO ${role}`,
  ],
};

function later(owner: string): string {
  return `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA mailq`;
}

/** The statements that leave a role with a right, and with no other that it had before. */
function statements(right: Right, role: string, owner: string): string[] {
  const kinds = ["TABLES", "SEQUENCES", "FUNCTIONS"];
  return [
    `REVOKE ALL ON SCHEMA mailq FROM ${role}`,
    ...kinds.map((kind) => `REVOKE ALL ON ALL ${kind} IN SCHEMA mailq FROM ${role}`),
    ...kinds.map((kind) => `${later(owner)} REVOKE ALL ON ${kind} FROM ${role}`),
    ...GRANTS[right](role, owner),
  ];
}

/** The SQL that gives a role a right in a queue, for its owner to run. Throws `config_invalid` where
 *  there is no queue or an older one, and `usage` for a role that cannot be given any. */
export async function grantSql(url: string, right: Right, role: string): Promise<string> {
  return await opened(url, async (db) => {
    const steps = statements(right, quoted(role), quoted(await ownerFor(db, role)));
    return ["BEGIN", ...steps, "COMMIT"].map((one) => `${one};`).join("\n");
  });
}

/** Gives a role a right. Throws as `grantSql` does, and `permission` where this role may not. */
export async function grant(url: string, right: Right, role: string): Promise<void> {
  await opened(url, async (db) => {
    const owner = await ownerFor(db, role);
    const row = await db.get("SELECT pg_has_role(?, 'USAGE') AS is_owner", owner);
    // Of a grant that somebody else makes PostgreSQL only warns.
    if (row?.is_owner !== true) {
      throw new MailqError(
        "permission",
        `Cannot give rights in the queue ${db.name}: only its owner ${owner} can; ` +
          "log in as that, or hand over what --print prints",
      );
    }
    await db.write(async (tx) => {
      for (const sql of statements(right, quoted(role), quoted(owner))) await tx.script(sql);
    });
  });
}

async function opened<T>(url: string, work: (db: Database) => Promise<T>): Promise<T> {
  const db = openDatabase(url, { connections: 1 });
  try {
    const state = await schemaState(db);
    refuseNewer(state, db.name);
    if (state.version < KNOWN_VERSION) {
      throw new MailqError(
        "config_invalid",
        `Cannot give rights in the queue ${db.name}: its schema is not up to date; ` +
          "run `mailq migrate` first",
      );
    }
    return await work(db);
  } finally {
    await db.close();
  }
}

/** The owner of the queue that a role is to have rights in. */
async function ownerFor(db: Database, role: string): Promise<string> {
  const row = await db.get(
    `SELECT pg_get_userbyid(nspowner)::text AS owner,
       EXISTS (SELECT FROM pg_roles WHERE rolname = ?) AS is_there
     FROM pg_namespace WHERE nspname = 'mailq'`,
    role,
  );
  const owner = String(row?.owner);
  const refuse = (reason: string) =>
    new MailqError("usage", `Cannot give ${JSON.stringify(role)} rights: ${reason}`);
  if (row?.is_there !== true) {
    throw refuse("the database has no such role; make it (CREATE ROLE … LOGIN) or name another");
  }
  if (role === owner) throw refuse("it owns the queue, and may do everything");
  return owner;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
