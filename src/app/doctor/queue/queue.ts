// The check "queue": whether there is one, and whether this program can use it. Modes, disk and
// integrity have checks of their own; what they tell is not told here.

import type { ErrorCode } from "../../../queue/errors.ts";
import { usableDropFolder } from "../../../store/drop/names.ts";
import { type Check, fault, ok, warning } from "../check.ts";

interface Facts {
  readonly queue: string;
  /** Why it cannot be opened; null if it can, or is not there. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** What is in it; null where there is no queue yet. */
  readonly counts: { readonly open: number; readonly failed: number } | null;
  readonly isRoot: boolean;
  /** It lies where the machine's queue does, or root was told where. */
  readonly isPlaced: boolean;
  /** It is another user's, and this one's mail goes there by the drop folder. */
  readonly isHandedIn: boolean;
}

/** What other checks tell better. */
const TOLD_ELSEWHERE: readonly ErrorCode[] = ["disk_full", "config_invalid"];

export const check: Check<Facts> = {
  async gather(patient) {
    const { settings: { queue }, isRoot, queueOwner, queueFile } = patient;
    const { status, error } = await patient.opened();
    // A queue that is no file is there once it could be opened.
    const isThere = queueFile === null || queueOwner !== null;
    const counts = status === null || !isThere ? null : {
      open: status.queued + status.sending + status.deferred + status.held + status.scheduled,
      failed: status.failed + status.partial,
    };
    const isPlaced = patient.originOf("queue") !== "default" || queue.startsWith("/var/lib/mailq/");
    return {
      queue,
      error: error && { code: error.code, message: error.message },
      counts,
      isRoot,
      isPlaced,
      isHandedIn: !patient.isOwner && queueFile !== null && usableDropFolder(queueFile) !== null,
    };
  },
  judge({ queue, error, counts, isRoot, isPlaced, isHandedIn }) {
    if (isHandedIn && error?.code === "permission") return [ok(`${queue}: its owner's alone`)];
    if (error !== null) {
      if (TOLD_ELSEWHERE.includes(error.code)) return [];
      return [fault(error.message, mendOf(error.code, queue))];
    }
    if (counts !== null) {
      return [ok(`${queue}: ${counts.open} to be sent, ${counts.failed} failed`)];
    }
    if (isRoot && !isPlaced) {
      return [warning("this machine has no queue yet", "sudo mailq init system")];
    }
    return [ok(`${queue}: not there yet; the first mail makes it`)];
  },
};

function mendOf(code: ErrorCode, queue: string): string {
  switch (code) {
    case "queue_corrupt":
      return "mailq restore BACKUP  (`mailq export --all --mbox -` saves what can be read)";
    case "queue_newer":
      return "update this mailq";
    case "queue_foreign":
      return `mailq --queue ANOTHER …  (or move ${queue} away)`;
    case "permission":
      return "sudo mailq doctor";
    case "busy":
      return "mailq doctor  (once more)";
    default:
      return "dmesg | tail  (the disk's own words)";
  }
}
