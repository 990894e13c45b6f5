// A lock on a file of ours, for use cases that must not run twice at once: `send` for its queue,
// the taking in of a Maildir. How long another is waited for is theirs to say.

import { errorText, MailqError } from "../queue/errors.ts";
import { FileLock, NotPlainFile } from "../system/file_lock.ts";

interface LockFile {
  readonly path: string;
  /** What the user can do where the file cannot be used. */
  readonly advice: string;
}

/** Takes the lock, making its file; null if another process holds it. Throws `permission` or
 *  `io_error` if the file cannot be used. */
export async function tryLock({ path, advice }: LockFile): Promise<FileLock | null> {
  try {
    return await FileLock.tryTake(path);
  } catch (error) {
    if (error instanceof NotPlainFile) throw new MailqError("permission", error.message);
    throw new MailqError(
      error instanceof Deno.errors.PermissionDenied ? "permission" : "io_error",
      `Cannot lock ${path}: ${errorText(error)}; ${advice}`,
      { cause: error },
    );
  }
}
