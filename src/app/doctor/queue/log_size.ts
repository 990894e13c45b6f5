// The check "log": whether the queue's write-ahead log stays small. It grows without end where a process
// reads for long, and then every command is slow.

import { lookAt, nameOf } from "../../../system/files.ts";
import { type Check, ok, warning } from "../check.ts";
import { namesIn, readIfAny } from "../look.ts";

interface Facts {
  readonly sizeBytes: number;
  /** Processes that have the queue open, besides this one, as far as they can be seen. */
  readonly users: readonly { readonly pid: number; readonly command: string }[];
  readonly path: string;
}

/** After a pass it is cut to 32 MB. */
const LARGE_BYTES = 128 * 1024 * 1024;

export const check: Check<Facts | null> = {
  gather({ queueFile, queueOwner }) {
    if (queueFile === null || queueOwner === null) return null;
    const path = `${queueFile}-wal`;
    const sizeBytes = lookAt(path)?.size ?? 0;
    return { path, sizeBytes, users: sizeBytes > LARGE_BYTES ? usersOf(path) : [] };
  },
  judge(facts) {
    if (facts === null) return [];
    const { path, sizeBytes, users } = facts;
    const size = `${Math.ceil(sizeBytes / 1_048_576)} MB`;
    if (sizeBytes <= LARGE_BYTES) return [ok(size)];
    if (users.length === 0) {
      return [warning(`${path} has ${size}`, "mailq status  (it brings it in)")];
    }
    const names = users.map(({ pid, command }) => `${pid} (${command})`).join(", ");
    return [warning(
      `${path} has ${size}: a process that reads for long keeps it from beginning anew: ${names}`,
      `kill ${users.map(({ pid }) => pid).join(" ")}`,
    )];
  },
};

function usersOf(path: string): Facts["users"] {
  const pids = namesIn("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== Deno.pid);
  return pids.flatMap((pid) => {
    const isOpen = namesIn(`/proc/${pid}/fd`).some((fd) => {
      try {
        return Deno.readLinkSync(`/proc/${pid}/fd/${fd}`) === path;
      } catch {
        return false; // It was closed meanwhile.
      }
    });
    if (!isOpen) return [];
    const [program = "", ...words] = (readIfAny(`/proc/${pid}/cmdline`) ?? "").split("\0");
    return [{
      pid: Number(pid),
      command: `${nameOf(program)} ${words.join(" ")}`.trim().slice(0, 60),
    }];
  });
}
