// What the system says of a file that cannot be used, in our codes and words, with what helps. One
// table for the queue's files, its locks, the drop folder, backups and exports; each of them says
// which file it is about.

import { type ErrorCode, errorText, MailqError } from "../queue/errors.ts";
import { NotPlainFile, systemCode } from "../system/files.ts";

/** Why a file cannot be used. */
export interface FileTrouble {
  readonly code: ErrorCode;
  /** What is wrong, and what can be done about it. */
  readonly reason: string;
}

/** A disk without room. */
export const DISK_FULL: FileTrouble = {
  code: "disk_full",
  reason: "the disk is full; free some space (df -h) or remove files (df -i)",
};
const DENIED: FileTrouble = { code: "permission", reason: "permission denied" };
const NO_LOCKS: FileTrouble = {
  code: "io_error",
  reason: "its file system gives no locks; keep it on a local disk",
};

/** By the system's names, errno(3). What passes by itself is `busy`. */
const TROUBLES: Readonly<Record<string, FileTrouble>> = {
  ENOSPC: DISK_FULL,
  EDQUOT: {
    code: "disk_full",
    reason: "your disk quota is used up; delete some of your files (quota -s)",
  },
  EFBIG: {
    code: "disk_full",
    reason: "the file would be larger than you may write (ulimit -f)",
  },
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: { code: "permission", reason: "its disk is read-only" },
  EMFILE: { code: "busy", reason: "too many files are open (ulimit -n); try again" },
  ENFILE: { code: "busy", reason: "too many files are open on this machine; try again" },
  ENOMEM: { code: "busy", reason: "there is no memory left; try again" },
  EAGAIN: { code: "busy", reason: "the system has no room for it now; try again" },
  EINTR: { code: "busy", reason: "a signal came between; try again" },
  EIO: {
    code: "io_error",
    reason: "its disk cannot be read or written (EIO); see the system's log (dmesg)",
  },
  ENOLCK: NO_LOCKS,
  ENOSYS: NO_LOCKS,
  EOPNOTSUPP: NO_LOCKS,
};

/** What was thrown, if it is the system's word on a file; null for a mistake of ours. */
export function fileTrouble(error: unknown): FileTrouble | null {
  if (error instanceof NotPlainFile) {
    return { code: "permission", reason: "it is no plain file; remove it" };
  }
  if (error instanceof Error && error.name === "NotCapable") return DENIED;
  const code = systemCode(error);
  if (code === null) return error instanceof Deno.errors.PermissionDenied ? DENIED : null;
  return TROUBLES[code] ?? { code: "io_error", reason: errorText(error) };
}

/** The error of a step that failed: `failed` says which, such as `Cannot write /tmp/x`. A
 *  MailqError, and a mistake of ours, stay as they are. */
export function fileError(failed: string, error: unknown): Error {
  if (error instanceof MailqError) return error;
  const trouble = fileTrouble(error);
  if (trouble === null) return error instanceof Error ? error : new Error(errorText(error));
  return new MailqError(trouble.code, `${failed}: ${trouble.reason}`, { cause: error });
}
