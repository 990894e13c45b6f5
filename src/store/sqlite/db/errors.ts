// What SQLite and the file system throw, in the queue's words and codes. The connection asks;
// nobody else of the store translates errors.

import { errorText, MailqError } from "../../../queue/errors.ts";

// Primary result codes (sqlite.org/rescode.html).
const PERM = 3, BUSY = 5, LOCKED = 6, READONLY = 8, IOERR = 10, CORRUPT = 11, FULL = 13;
const CANTOPEN = 14, NOTADB = 26;
// An extended one: the index beside the write-ahead log finds no room to grow.
const IOERR_SHMSIZE = 4874;

/** The primary SQLite result code of an error, or null if it is none of SQLite's. */
function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || error.name === "NotCapable") return null;
  const code: unknown = Reflect.get(error, "errcode");
  return typeof code === "number" ? code & 0xff : null;
}

/** Whether another connection holds the lock that a statement waited for. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === BUSY || code === LOCKED;
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
      return fail("disk_full", `Cannot write ${at}: the disk is full`);
    case IOERR:
      if (Reflect.get(Object(error), "errcode") === IOERR_SHMSIZE) {
        return fail("disk_full", `Cannot open ${at}: the disk is full`);
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
      return fail(
        "permission",
        `Cannot open ${at}: the file or its folder may not be read and written by you`,
      );
  }
  // Of the lock files beside the queue; by its name, since who only queues mail needs no locks.
  if (errorName(error) === "NotPlainFile") return fail("permission", errorText(error));
  if (error instanceof Deno.errors.PermissionDenied || errorName(error) === "NotCapable") {
    return fail("permission", `Cannot open ${at}: permission denied${whose(path)}`);
  }
  return error instanceof Error ? error : new Error(errorText(error));
}

/** As translateError, for an error of opening the queue: where SQLite gave no reason (a file
 *  that it could not open carries no code) the file itself is asked. */
export function explainOpenError(error: unknown, path: string): Error {
  const translated = translateError(error, path);
  if (translated instanceof MailqError) return translated;
  try {
    refuseOtherFiles(path, error);
  } catch (reason) {
    const found = translateError(reason, path);
    if (found instanceof MailqError) return found;
    error = reason;
  }
  if (error instanceof Deno.errors.IsADirectory) {
    return new MailqError(
      "io_error",
      `Cannot use the queue ${path}: it is a folder; name a file, such as ` +
        `${path.replace(/\/+$/, "")}/queue.db`,
      { cause: error },
    );
  }
  return new MailqError("io_error", `Cannot open the queue ${path}: ${errorText(error)}`, {
    cause: error,
  });
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

/** Tells whose a queue is that may not be opened. */
function whose(path: string): string {
  try {
    const { uid } = Deno.statSync(path);
    return uid === null || uid === Deno.uid()
      ? ""
      : `; it belongs to ${uid === 0 ? "root" : `the user ${uid}`}, who alone may open it`;
  } catch {
    return "";
  }
}

const SQLITE_HEADER = "SQLite format 3\0";

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : "";
}
