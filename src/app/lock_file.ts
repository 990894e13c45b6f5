// A lock on a file of ours, for use cases that must not run twice at once: `send` for its queue,
// the taking in of a Maildir. How long another is waited for is theirs to say.

import { MailqError } from "../queue/errors.ts";
import { fileError, fileTrouble } from "../store/file_errors.ts";
import { FileLock } from "../system/file_lock.ts";

interface LockFile {
  readonly path: string;
  /** What the user can do where the file cannot be used. */
  readonly advice: string;
}

/** Takes the lock, making its file; null if another process holds it. Throws `permission`,
 *  `disk_full`, `busy` or `io_error` if the file cannot be used. */
export async function tryLock({ path, advice }: LockFile): Promise<FileLock | null> {
  try {
    return await FileLock.tryTake(path);
  } catch (error) {
    throw lockError({ path, advice }, error);
  }
}

/** What is said of a lock's file that cannot be used. */
export function lockError({ path, advice }: LockFile, error: unknown): Error {
  const isPlace = error instanceof Deno.errors.NotFound ||
    fileTrouble(error)?.code === "permission";
  const translated = fileError(`Cannot lock ${path}`, error);
  return isPlace && translated instanceof MailqError
    ? new MailqError(translated.code, `${translated.message}; ${advice}`, { cause: error })
    : translated;
}
