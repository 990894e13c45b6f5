// Brings a queue's schema up to date when it is opened. The connection loads it only where a step
// is missing; the steps are schema.ts's.

import { APPLICATION_ID } from "./layout.ts";
import { MIGRATIONS } from "./schema.ts";

// Statements of a step, and the END of a trigger, begin in the first column.
const STATEMENT_END = /;\n+(?=[A-Z])(?!END)/;

/** What the steps need of the connection that is being opened. */
interface SchemaConnection {
  get(sql: string): Record<string, unknown> | undefined;
  run(sql: string): number;
  writeNow<T>(work: () => T): T;
}

/** Brings the schema up to date, one commit a step; safe when several processes do it at once. */
export function migrate(connection: SchemaConnection): void {
  // Before the first table, or it would need a VACUUM to take effect.
  // Three bodies of 2 KB fit on a page of 8 KB, and only one on a page of 4 KB: that is a third
  // faster to write.
  connection.run("PRAGMA page_size = 8192");
  connection.run("PRAGMA auto_vacuum = INCREMENTAL");
  connection.get("PRAGMA journal_mode = WAL");
  for (const [index, step] of MIGRATIONS.entries()) {
    const version = index + 1;
    connection.writeNow(() => {
      const current = Number(connection.get("PRAGMA user_version")?.user_version);
      if (current >= version) return;
      // One by one: errors of a whole script would carry no code.
      for (const statement of step.sql.split(STATEMENT_END)) connection.run(statement);
      if (!step.isAdditive) {
        connection.run(`UPDATE meta SET value = '${version}' WHERE key = 'compatible_from'`);
      }
      connection.run(`PRAGMA application_id = ${APPLICATION_ID}`);
      connection.run(`PRAGMA user_version = ${version}`);
    });
  }
}
