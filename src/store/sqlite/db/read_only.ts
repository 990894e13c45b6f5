// Opens a queue on a disk that can only be read, such as a mounted backup, to be looked into. Loaded by
// connection.ts when the ordinary opening has failed.

import { DatabaseSync } from "node:sqlite";
import { discardFile, lookAt, systemCode } from "../../../system/files.ts";

/** The queue's file, for reading alone; null where its disk is none that can only be read, or where what
 *  it holds is not whole without its log. */
export function openReadOnly(path: string): DatabaseSync | null {
  // What is in the log is not in the file yet, and nobody can bring it there.
  if (!isOnReadOnlyDisk(path) || (lookAt(`${path}-wal`)?.size ?? 0) > 0) return null;
  const place = Deno.realPathSync(path).split("/").map(encodeURIComponent).join("/");
  // Nobody else can change it: SQLite needs no files of its own beside it then.
  return new DatabaseSync(`file:${place}?immutable=1`, { readOnly: true });
}

function isOnReadOnlyDisk(path: string): boolean {
  const probe = `${path}-probe-${crypto.randomUUID()}`;
  try {
    Deno.openSync(probe, { write: true, createNew: true, mode: 0o600 }).close();
    discardFile(probe);
    return false;
  } catch (error) {
    return systemCode(error) === "EROFS";
  }
}
