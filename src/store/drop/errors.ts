// What goes wrong in the drop folder, in words for who leaves mail there or takes it in. box.ts and
// folder.ts throw it.

import { MailqError } from "../../queue/errors.ts";
import { systemCode } from "../../system/files.ts";
import { fileError } from "../file_errors.ts";

/** Turns what the file system threw about the drop folder into a MailqError. */
export function translateDropError(error: unknown, folder: string): Error {
  const failed = `Cannot hand in mail by the drop folder ${folder}`;
  const refused = (why: string) =>
    new MailqError("permission", `${failed}: ${why}`, { cause: error });
  if (error instanceof MailqError) return error;
  switch (systemCode(error)) {
    case "EACCES":
    case "EPERM":
      return refused("you may not write in it; `mailq init system` mends it");
    case "ENOENT":
    case "ENOTDIR":
      return refused("there is no such folder; `mailq init system` makes it");
  }
  return fileError(failed, error);
}
