// What goes wrong in the drop folder, in words for who leaves mail there or takes it in. box.ts and
// folder.ts throw it.

import { errorText, MailqError } from "../../queue/errors.ts";
import { systemCode } from "../../system/files.ts";

/** Turns what the file system threw about the drop folder into a MailqError. */
export function translateDropError(error: unknown, folder: string): Error {
  if (error instanceof MailqError) return error;
  const fail = (code: MailqError["code"], why: string) =>
    new MailqError(code, `Cannot hand in mail by the drop folder ${folder}: ${why}`, {
      cause: error,
    });
  switch (systemCode(error)) {
    case "ENOSPC":
      return fail("disk_full", "the disk is full");
    case "EDQUOT":
      return fail("disk_full", "your disk quota is used up");
    case "EFBIG":
      return fail("disk_full", "the file would be larger than you may write (ulimit -f)");
    case "EACCES":
    case "EPERM":
      return fail("permission", "you may not write in it; `mailq init system` mends it");
    case "EROFS":
      return fail("permission", "its disk is read-only");
    case "ENOENT":
    case "ENOTDIR":
      return fail("permission", "there is no such folder; `mailq init system` makes it");
    case "EMFILE":
    case "ENFILE":
    case "ENOMEM":
    case "EAGAIN":
      return fail("busy", `${errorText(error)}; try again`);
    case null:
      return error instanceof Error ? error : new Error(errorText(error));
  }
  return fail("io_error", errorText(error));
}
