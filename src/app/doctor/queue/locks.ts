// The check "locks": whether a lock beside the queue keeps another process out. Workers show by locks
// that they live, and passes that they are at work.

import { errorText } from "../../../queue/errors.ts";
import { FileLock } from "../../../system/file_lock.ts";
import { discardFile, folderOf, systemCode } from "../../../system/files.ts";
import { fileTrouble } from "../../../store/file_errors.ts";
import { type Check, fault, ok } from "../check.ts";
import { realPathIfAny } from "../look.ts";

interface Facts {
  readonly folder: string;
  /** Why no lock can be had; null if one can. */
  readonly trouble: string | null;
  /** Whether a lock that is held keeps others out. */
  readonly holds: boolean;
}

/** What other checks tell. */
const TOLD_ELSEWHERE = ["ENOSPC", "EROFS", "EACCES", "EPERM", "EDQUOT"];

export const check: Check<Facts | null> = {
  async gather({ queueFile, isOwner }) {
    const folder = folderOf(queueFile ?? "/");
    if (queueFile === null || !isOwner || realPathIfAny(folder) === null) return null;
    const path = `${queueFile}-probe-${crypto.randomUUID()}`;
    try {
      const lock = await FileLock.make(path);
      const other = await FileLock.tryTakeOld(path);
      other?.release();
      lock.release();
      return { folder, trouble: null, holds: other === null };
    } catch (error) {
      if (TOLD_ELSEWHERE.includes(systemCode(error) ?? "")) return null;
      return { folder, trouble: fileTrouble(error)?.reason ?? errorText(error), holds: false };
    } finally {
      discardFile(path);
    }
  },
  judge(facts) {
    if (facts === null) return [];
    const { folder, trouble, holds } = facts;
    if (holds) return [ok("a lock keeps others out")];
    return [fault(
      trouble ?? `two processes had the same lock in ${folder}`,
      "move the queue to a local disk with a file system of Linux, and set queue in the settings",
    )];
  },
};
