// `mailq --version`: which mailq, Deno and SQLite this is, and what is wrong with them. Loaded by
// run.ts.

import { hasWalResetBug, sqliteVersion } from "../../system/sqlite_version.ts";
import type { Context } from "./context.ts";
import { isOldDeno, VERSION } from "./version.ts";

/** Prints the versions; tells of a Deno that is too old to be used, and of an SQLite that has the
 *  WAL-reset corruption bug. */
export function printVersion(context: Context): void {
  const sqlite = sqliteVersion();
  const { output } = context;
  const isAffected = hasWalResetBug(sqlite);
  const isCheckBuild = isOldDeno(Deno.version.deno);
  if (output.isJson) {
    output.json({
      version: VERSION,
      deno: Deno.version.deno,
      sqlite,
      sqlite_affected: isAffected,
      check_build: isCheckBuild,
    });
    return;
  }
  output.line(`mailq ${VERSION} (Deno ${Deno.version.deno}, SQLite ${sqlite})`);
  if (isCheckBuild) output.line(`check build on Deno ${Deno.version.deno}: not for use`);
  if (isAffected) {
    output.warn(
      `SQLite ${sqlite} can, very rarely, damage a database in WAL mode; ` +
        "a mailq built with Deno 2.9.1 or later cannot",
    );
  }
}
