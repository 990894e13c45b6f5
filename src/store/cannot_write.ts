// What is said when a file that somebody named cannot be written: for the backup of the queue and
// for exports. The queue's own file has its errors in sqlite/db/errors.ts.

import { errorText, MailqError } from "../queue/errors.ts";
import { nameOf } from "../system/files.ts";
import { fileTrouble } from "./file_errors.ts";

/** What the file system threw about writing the file at `path`, as `usage` (for a path without a
 *  name), `cannot_create`, `permission`, `disk_full` or `io_error`; a MailqError stays as it is. */
export function cannotWrite(path: string, error: unknown): MailqError {
  if (error instanceof MailqError) return error;
  const fail = (code: MailqError["code"], reason: string) =>
    new MailqError(code, `Cannot write ${path}: ${reason}`, { cause: error });
  if (nameOf(path) === "" && error instanceof Deno.errors.IsADirectory) {
    return new MailqError("usage", `Cannot write "${path}": expected the name of a file`);
  }
  if (error instanceof Deno.errors.IsADirectory) return fail("cannot_create", "it is a folder");
  if (error instanceof Deno.errors.AlreadyExists) {
    return fail("cannot_create", "there is a file already");
  }
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
    return fail("cannot_create", "there is no such folder");
  }
  const trouble = fileTrouble(error);
  return fail(trouble?.code ?? "io_error", trouble?.reason ?? errorText(error));
}

/** Does one step for the file at `path`; rejects with what `cannotWrite` makes of an error. */
export async function onFile<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
