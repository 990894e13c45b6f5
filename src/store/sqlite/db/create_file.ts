// Makes a queue's file where that is not done at once: the folder above it is missing, or it cannot be
// made at all. Loaded by connection.ts then.

import { errorText, MailqError } from "../../../queue/errors.ts";
import { folderOf, makeFolders } from "../../../system/files.ts";
import { fileTrouble } from "../../file_errors.ts";

/** Makes the file (0600) with the folder above it, if it was that which was missing, as `earlier`
 *  says. Throws `permission`, `cannot_create`, `disk_full` or `busy`. */
export function createWithFolder(path: string, earlier: unknown): void {
  if (!(earlier instanceof Deno.errors.NotFound)) throw cannotCreate(path, earlier);
  try {
    makeFolders(folderOf(path), 0o700);
    Deno.openSync(path, { createNew: true, write: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw cannotCreate(path, error);
  }
}

function cannotCreate(path: string, error: unknown): MailqError {
  const fail = (code: MailqError["code"], reason: string) =>
    new MailqError(code, `Cannot create the queue ${path}: ${reason}`, { cause: error });
  const trouble = fileTrouble(error);
  const isDenied = error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotCapable;
  if (isDenied) return fail("permission", "you may not write in its folder");
  if (trouble === null || trouble.code === "io_error") {
    return fail("cannot_create", trouble?.reason ?? errorText(error));
  }
  return fail(trouble.code, trouble.reason);
}
