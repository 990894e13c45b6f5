// What SQLite throws, and the file system beside it, in the queue's words and codes. The connection
// asks; what keeps a queue from being opened is looked into by open_errors.ts.

import { errorText, MailqError } from "../../../queue/errors.ts";
import { isKeptName } from "./layout.ts";
import { DISK_FULL, fileError } from "../../file_errors.ts";

// Primary result codes (sqlite.org/rescode.html).
const PERM = 3, BUSY = 5, LOCKED = 6, READONLY = 8, IOERR = 10, CORRUPT = 11, FULL = 13;
/** A file could not be opened; SQLite does not say which, nor why. */
export const CANTOPEN = 14;
const NOTADB = 26;
// An extended one: the index beside the write-ahead log finds no room to grow.
const IOERR_SHMSIZE = 4874;

/** The primary SQLite result code of an error, or null if it is none of SQLite's. */
export function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || error.name === "NotCapable") return null;
  const code: unknown = Reflect.get(error, "errcode");
  return typeof code === "number" ? code & 0xff : null;
}

/** Whether another connection holds the lock that a statement waited for. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === BUSY || code === LOCKED;
}

/** Whether SQLite cannot make anything of a file. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error);
  return code === CORRUPT || code === NOTADB;
}

/** Turns whatever SQLite or the file system threw about the queue at `path` into a MailqError. */
export function translateError(error: unknown, path: string): Error {
  if (error instanceof MailqError) return error;
  const at = `the queue ${path}`;
  const fail = (code: MailqError["code"], text: string) =>
    new MailqError(code, text, { cause: error });
  switch (resultCode(error)) {
    case BUSY:
    case LOCKED:
      return fail("busy", `Cannot write ${at}: another process holds it; try again`);
    case READONLY:
    case PERM:
      return fail("permission", `Cannot write ${at}: the file or its folder is read-only for you`);
    case FULL:
      return fail("disk_full", `Cannot write ${at}: ${DISK_FULL.reason}`);
    case IOERR:
      if (Reflect.get(Object(error), "errcode") === IOERR_SHMSIZE) {
        return fail("disk_full", `Cannot open ${at}: ${DISK_FULL.reason}`);
      }
      return fail("io_error", `Cannot read or write ${at}: ${errorText(error)}`);
    case CORRUPT:
      return fail(
        "queue_corrupt",
        `Cannot use ${at}: the file is damaged (${errorText(error)}); restore a backup`,
      );
    case NOTADB:
      return fail("queue_foreign", `Cannot use ${at}: the file is no mailq queue`);
    case CANTOPEN:
      return fail("io_error", `Cannot open ${at}, or a file beside it`);
  }
  return fileError(`Cannot use ${at} or a file beside it`, error);
}

/** Throws `queue_foreign` for a file that is neither empty nor a SQLite database. SQLite itself
 *  takes one of a few hundred bytes, whatever it says, for an empty database. Who has the database
 *  open must `keep` the file open as long, since closing any handle of a file frees all locks that
 *  the process has on it (fcntl(2)): another process would take itself for the last one, and delete
 *  the log that this one goes on writing. */
export function refuseOtherFiles(
  path: string,
  cause?: unknown,
  keep: (file: Deno.FsFile) => void = (file) => file.close(),
): void {
  const file = Deno.openSync(path, { read: true, write: true });
  const start = new Uint8Array(SQLITE_HEADER.length);
  let length = 0;
  try {
    length = file.readSync(start) ?? 0;
  } finally {
    keep(file);
  }
  if (length === 0 || new TextDecoder().decode(start) === SQLITE_HEADER) return;
  throw new MailqError(
    "queue_foreign",
    `Cannot use the queue ${path}: the file is no mailq queue`,
    { cause },
  );
}

/** Throws `busy` for a queue that a backup has replaced, unless it is asked for by the name under which it
 *  is kept: whoever had waited for it finds the other at the next try. */
export function refuseReplaced(path: string): void {
  if (isKeptName(path)) return;
  throw new MailqError(
    "busy",
    `Cannot use the queue ${path}: a backup has just taken its place; try again`,
  );
}

const SQLITE_HEADER = "SQLite format 3\0";
