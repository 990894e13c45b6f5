// The check "SQLite": whether the one that is built in can damage a queue. Which versions can, is
// src/system's to know.

import { hasWalResetBug, sqliteVersion } from "../../../system/sqlite_version.ts";
import { type Check, ok, warning } from "../check.ts";

interface Facts {
  readonly version: string;
}

export const check: Check<Facts> = {
  gather: () => ({ version: sqliteVersion() }),
  judge({ version }) {
    if (!hasWalResetBug(version)) return [ok(version)];
    return [warning(
      `${version} can, very rarely, damage a queue while two processes write it`,
      "install a mailq that is built with Deno 2.9.1 or later",
    )];
  },
};
