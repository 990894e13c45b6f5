// Looks at a queue's schema when the queue is opened: makes it or brings it up to date where it may, and
// refuses what this program cannot use. Called by the store alone.

import { MailqError } from "../../../queue/errors.ts";
import type { Database } from "./connection.ts";
import { KNOWN_VERSION, migrate, refuseNewer, schemaState } from "./migrate.ts";

/** Throws `queue_newer` for one that only newer programs can use, `config_invalid` where there is no
 *  queue and none is to be made, or the encoding is not Unicode, and `permission` where its owner has
 *  to bring it up to date. */
export async function openSchema(db: Database, { create }: { readonly create: boolean }) {
  const found = await schemaState(db);
  if (found.version === 0) {
    if (!create) throw noQueue(db);
    await refuseEncoding(db);
  }
  // Whoever only looks may look on, and the service hears of it at its next write.
  db.refuseBreaking = (breaking) => refuseNewer({ version: breaking, breaking }, db.name);
  if (create) refuseNewer(found, db.name);
  if (found.version >= KNOWN_VERSION) return;
  try {
    await migrate(db);
  } catch (error) {
    if (!(error instanceof MailqError) || error.code !== "permission") throw error;
    throw new MailqError(
      "permission",
      `Cannot use the queue ${db.name}: its schema is not up to date, and this role may not change ` +
        "it; have its owner run `mailq migrate`",
      { cause: error },
    );
  }
}

function noQueue(db: Database): MailqError {
  return new MailqError(
    "config_invalid",
    `Cannot use the queue ${db.name}: there is none yet in this database; \`mailq migrate\` makes it`,
  );
}

/** Throws `config_invalid` for a database that cannot hold every text. */
export async function refuseEncoding(db: Database): Promise<void> {
  const row = await db.get("SELECT current_setting('server_encoding') AS encoding");
  if (row?.encoding === "UTF8") return;
  throw new MailqError(
    "config_invalid",
    `Cannot make a queue in ${db.name}: its encoding is ${row?.encoding}; ` +
      "expected UTF8 (createdb --encoding=UTF8 --template=template0)",
  );
}
