// Which SQLite is built in, and whether it has the fault that can damage a database in WAL mode. Asked
// by `--version`, `run` and `doctor`.

import { DatabaseSync } from "node:sqlite";

/** The version of SQLite that is built in. */
export function sqliteVersion(): string {
  const db = new DatabaseSync(":memory:");
  try {
    return String(db.prepare("SELECT sqlite_version() AS version").get()?.version);
  } finally {
    db.close();
  }
}

/** SQLite 3.7.0 to 3.51.2 (sqlite.org/wal.html, the WAL-reset bug). */
export function hasWalResetBug(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  const value = major * 1_000_000 + minor * 1_000 + patch;
  return value >= 3_007_000 && value <= 3_051_002;
}
