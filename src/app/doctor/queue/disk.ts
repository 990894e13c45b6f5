// The checks "file system", "space" and "inodes": whether the queue lies on a disk of this machine, with
// room for more mail. How much room a message needs is max_size.

import { folderOf, systemCode } from "../../../system/files.ts";
import { isRemote, type Mount, mountOf } from "../../../system/mounts.ts";
import { type Check, fault, type Finding, ok, warning } from "../check.ts";
import { askProgram, realPathIfAny } from "../look.ts";

interface Facts {
  readonly queue: string;
  readonly folder: string;
  /** Null where it cannot be told. */
  readonly mount: Mount | null;
  /** What others than root may still write. Null where it cannot be told. */
  readonly freeBytes: number | null;
  /** How many files more; null where the file system has no such limit. */
  readonly freeFiles: number | null;
  readonly isReadOnly: boolean;
  readonly maxSizeBytes: number;
}

const MB = 1024 * 1024;
const FEW_BYTES = 16 * MB;
const FEW_FILES = 100, SOME_FILES = 1_000;

export const check: Check<Facts | null> = {
  async gather({ queueFile, settings: { maxSizeBytes } }) {
    if (queueFile === null) return null;
    let folder = folderOf(queueFile);
    while (realPathIfAny(folder) === null && folder !== "/") folder = folderOf(folder);
    const real = realPathIfAny(queueFile) ?? realPathIfAny(folder) ?? folder;
    return {
      queue: queueFile,
      folder,
      mount: mountOf(real),
      ...await roomOf(folder),
      isReadOnly: isReadOnly(folder),
      maxSizeBytes,
    };
  },
  judge(facts) {
    if (facts === null) return [];
    const { queue, folder, mount, isReadOnly } = facts;
    if (mount !== null && isRemote(mount)) {
      return [fault(
        `${queue} is on ${mount.type} (${mount.source}): locks cannot be relied on there, and every ` +
          "command refuses it",
        `mv ${queue}* /var/lib/mailq/  (any local disk; then set queue in the settings)`,
        { name: "file system" },
      )];
    }
    const what = mount === null ? "unknown" : `${mount.type} (${mount.source})`;
    if (isReadOnly) {
      const mend = `mount -o remount,rw ${mount?.point ?? folder}`;
      return [fault(`${folder} is on a disk that is read-only`, mend, { name: "file system" })];
    }
    return [ok(what, { name: "file system" }), ...judgeRoom(facts)];
  },
};

function judgeRoom({ folder, freeBytes, freeFiles, maxSizeBytes }: Facts): Finding[] {
  const found: Finding[] = [];
  const space = { name: "space" };
  if (freeBytes !== null) {
    const text = `${Math.floor(freeBytes / MB)} MB are free in ${folder}`;
    const mend = `df -h ${folder}  (and \`mailq purge --older-than 30d\`)`;
    if (freeBytes < FEW_BYTES) found.push(fault(`the disk is full: ${text}`, mend, space));
    else if (freeBytes < 2 * maxSizeBytes) {
      found.push(warning(`${text}: not enough for two messages of max_size`, mend, space));
    } else found.push(ok(text, space));
  }
  const inodes = { name: "inodes" };
  if (freeFiles !== null) {
    const text = `${freeFiles} more files can be made in ${folder}`;
    const mend = `df -i ${folder}  (remove files that nobody needs)`;
    if (freeFiles < FEW_FILES) found.push(fault(text, mend, inodes));
    else if (freeFiles < SOME_FILES) found.push(warning(text, mend, inodes));
    else found.push(ok(text, inodes));
  }
  return found;
}

/** By stat(1): Deno has no statfs(2), and `node:fs` takes a quarter of a second to load. */
async function roomOf(folder: string): Promise<Pick<Facts, "freeBytes" | "freeFiles">> {
  const said = await askProgram("stat", "-f", "-c", "%a %S %c %d", folder);
  const [, blocks, size, files, free] = /^(\d+) (\d+) (\d+) (\d+)\s*$/.exec(said ?? "") ?? [];
  return {
    freeBytes: blocks === undefined ? null : Number(blocks) * Number(size),
    freeFiles: files === undefined || files === "0" ? null : Number(free),
  };
}

/** Asked of the system by making a file, since the list of mounts does not tell all. */
function isReadOnly(folder: string): boolean {
  const probe = `${folder}/.mailq-doctor-${crypto.randomUUID()}`;
  try {
    Deno.openSync(probe, { write: true, createNew: true, mode: 0o600 }).close();
    Deno.removeSync(probe);
    return false;
  } catch (error) {
    return systemCode(error) === "EROFS";
  }
}
