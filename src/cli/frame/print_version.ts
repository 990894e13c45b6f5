// `mailq --version`, and what is known of the SQLite that is built in. Loaded by run.ts; `run` asks
// it about the damage that some versions of SQLite can do.

import { DatabaseSync } from "node:sqlite";
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

/** The version of SQLite that is built in. */
export function sqliteVersion(): string {
  const db = new DatabaseSync(":memory:");
  try {
    return String(db.prepare("SELECT sqlite_version() AS version").get()?.version);
  } finally {
    db.close();
  }
}

/** SQLite 3.7.0 to 3.51.2. */
export function hasWalResetBug(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  const value = major * 1_000_000 + minor * 1_000 + patch;
  return value >= 3_007_000 && value <= 3_051_002;
}
