// Refuses a queue file on a file system of a network or of a program (NFS, CIFS, 9p, FUSE). Loaded by
// open.ts where a queue is made, and where it lies on no disk of this machine.

import { MailqError } from "../queue/errors.ts";
import { folderOf } from "../system/files.ts";
import { isRemote, mountOf } from "../system/mounts.ts";

/** Throws `config_invalid` for a queue whose locks other processes may not see: two would write it at the
 *  same time, and it would be damaged. It need not be there yet. */
export function refuseRemoteDisk(path: string): void {
  const mount = mountOf(realPath(path));
  if (mount === null || !isRemote(mount)) return;
  throw new MailqError(
    "config_invalid",
    `Cannot use the queue ${path}: it is on ${mount.type} (${mount.source}, mounted at ` +
      `${mount.point}), where locks cannot be relied on and the queue would be damaged; ` +
      "stop what uses it, move it with all files of its name (queue.db-*) to a local disk, " +
      "and name that place by `queue` in the settings or by --queue",
  );
}

/** The path without symbolic links, as far as it is there. */
function realPath(path: string): string {
  for (let at = path;; at = folderOf(at)) {
    try {
      return Deno.realPathSync(at);
    } catch (error) {
      // Whoever may not look there is told so when it is opened.
      if (!(error instanceof Deno.errors.NotFound) || at === folderOf(at)) return at;
    }
  }
}
