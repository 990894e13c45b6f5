// Finds out why a queue cannot be opened: SQLite says no more than that it could not open a file. Loaded
// by connection.ts when that happens.

import { MailqError } from "../../../queue/errors.ts";
import { discardFile, folderOf } from "../../../system/files.ts";
import { readPasswd, userName } from "../../../system/passwd.ts";
import { type FileTrouble, fileTrouble } from "../../file_errors.ts";
import { CANTOPEN, refuseOtherFiles, resultCode, translateError } from "./errors.ts";

/** As translateError, for an error of opening the queue: where SQLite gave no reason the file and its
 *  folder are asked. */
export function explainOpenError(error: unknown, path: string): Error {
  const translated = translateError(error, path);
  if (translated instanceof MailqError) {
    if (translated.code === "permission") return withOwner(translated, path);
    const isVague = resultCode(translated.cause) === CANTOPEN;
    return isVague ? cannotOpen(path, whyNotOpened(path), error) : translated;
  }
  try {
    refuseOtherFiles(path, error);
  } catch (reason) {
    if (reason instanceof MailqError) return reason;
    if (reason instanceof Deno.errors.IsADirectory) {
      return new MailqError(
        "io_error",
        `Cannot use the queue ${path}: it is a folder; name a file, such as ` +
          `${path.replace(/\/+$/, "")}/queue.db`,
        { cause: reason },
      );
    }
    return cannotOpen(path, fileTrouble(reason), reason);
  }
  return cannotOpen(path, whyNotOpened(path), error);
}

function cannotOpen(path: string, trouble: FileTrouble | null, cause: unknown): MailqError {
  const { code, reason } = trouble ??
    { code: "busy", reason: "the system could not open a file just now; try again" };
  const error = new MailqError(code, `Cannot open the queue ${path}: ${reason}`, { cause });
  return code === "permission" ? withOwner(error, path) : error;
}

/** What keeps us from the queue's file or from making one beside it; null if nothing does any more. The
 *  queue's own files are not opened: closing one frees all locks the process has on it (fcntl(2)). */
function whyNotOpened(path: string): FileTrouble | null {
  const probe = `${path}-probe-${crypto.randomUUID()}`;
  try {
    for (const part of ["", "-wal", "-shm"]) {
      const info = partOf(`${path}${part}`);
      if (info !== null && !mayWrite(info)) {
        return { code: "permission", reason: "the file may not be read and written by you" };
      }
    }
    Deno.realPathSync(folderOf(path));
    Deno.openSync(probe, { write: true, createNew: true, mode: 0o600 }).close();
    return null;
  } catch (error) {
    return fileTrouble(error);
  } finally {
    discardFile(probe);
  }
}

function partOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Whether the mode lets us, as far as it can be told: of our groups only one is known. */
function mayWrite({ mode, uid, gid }: Deno.FileInfo): boolean {
  if (Deno.uid() === 0 || mode === null) return true;
  const bits = uid === Deno.uid() ? 0o600 : gid === Deno.gid() ? 0o060 : 0o006;
  return (mode & bits) === bits;
}

/** Tells whose a queue is that may not be opened. */
function withOwner(error: MailqError, path: string): MailqError {
  const uid = ownerOf(path);
  if (uid === null || uid === Deno.uid() || error.message.includes("; it belongs to ")) {
    return error;
  }
  const name = userName(uid, readPasswd());
  const owner = name === `uid${uid}` || name === "root" ? name : `the user ${name}`;
  return new MailqError(
    error.code,
    `${error.message}; it belongs to ${owner}, who alone may open it`,
    { cause: error.cause },
  );
}

function ownerOf(path: string): number | null {
  try {
    return Deno.statSync(path).uid;
  } catch {
    return null; // It may not even be looked at.
  }
}
