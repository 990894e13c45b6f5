// The check "integrity": whether SQLite finds the queue's file whole. A large file is not read: the
// doctor answers at once, and `mailq backup` looks over all of it.

import { quickCheck } from "../../../store/sqlite/read/quick_check.ts";
import { lookAt } from "../../../system/files.ts";
import { type Check, fault, ok } from "../check.ts";

interface Facts {
  readonly sizeBytes: number;
  /** What SQLite found wrong; null where it was not asked, or could not look. */
  readonly found: readonly string[] | null;
}

/** A file of this size is read in a tenth of a second. */
const OFFLINE_BYTES = 64 * 1024 * 1024;
const ONLINE_BYTES = 1024 * 1024 * 1024;

export const check: Check<Facts | null> = {
  async gather(patient) {
    const { queueFile, look: { isOffline } } = patient;
    const { status } = await patient.opened();
    if (queueFile === null || status === null || patient.queueOwner === null) return null;
    const sizeBytes = lookAt(queueFile)?.size ?? 0;
    const isSmall = sizeBytes <= (isOffline ? OFFLINE_BYTES : ONLINE_BYTES);
    return { sizeBytes, found: isSmall ? quickCheck(queueFile) : null };
  },
  judge(facts) {
    if (facts === null) return [];
    const { sizeBytes, found } = facts;
    const size = `${Math.ceil(sizeBytes / 1_048_576)} MB`;
    if (found === null) return [ok(`not looked over, at ${size}; \`mailq backup FILE\` does`)];
    if (found.length === 0) return [ok(`SQLite finds all ${size} whole`)];
    return [fault(
      `the queue's file is damaged: ${found[0]}`,
      "mailq restore BACKUP  (`mailq export --all --mbox -` saves what can be read)",
    )];
  },
};
