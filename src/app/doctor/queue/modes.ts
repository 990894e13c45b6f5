// The check "modes": whether the queue's files and folder are their owner's alone. Others could read all
// mail, or put something in the queue's place.

import { folderOf, lookAt, nameOf } from "../../../system/files.ts";
import { readPasswd, userName } from "../../../system/passwd.ts";
import { type Check, fault, type Finding, ok } from "../check.ts";
import { octal } from "../look.ts";

interface FileFacts {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

interface Facts {
  /** The queue, and what SQLite and mailq keep beside it; null where there is none yet. */
  readonly files: readonly FileFacts[] | null;
  readonly folder: FileFacts | null;
  /** By name, for people. */
  readonly nameOf: (uid: number) => string;
  /** Sets up the machine's queue anew; null for another's. */
  readonly setUp: string | null;
}

const STICKY = 0o1000;

export const check: Check<Facts> = {
  gather(patient) {
    const { queueFile, queueOwner } = patient;
    const users = readPasswd();
    const nameOf = (uid: number) => userName(uid, users);
    if (queueFile === null || queueOwner === null) {
      return { files: null, folder: null, nameOf, setUp: null };
    }
    const folder = folderOf(Deno.realPathSync(queueFile));
    const isSystem = folder === "/var/lib/mailq";
    return {
      files: [queueFile, ...besides(queueFile)].flatMap(factsOf),
      folder: factsOf(folder)[0] ?? null,
      nameOf,
      setUp: isSystem ? `sudo mailq init system --user ${queueOwner.name}` : null,
    };
  },
  judge({ files, folder, nameOf, setUp }) {
    const [queue] = files ?? [];
    if (queue === undefined) return [];
    const found: Finding[] = [];
    for (const { path, mode } of files ?? []) {
      if ((mode & 0o077) === 0 && (mode & 0o600) === 0o600) continue;
      const what = (mode & 0o077) === 0
        ? `its owner cannot write ${path}`
        : `others may read or write ${path}`;
      found.push(fault(`${what} (${octal(mode)})`, `chmod 600 ${path}`, {
        fix: { kind: "file", path, mode: 0o600 },
      }));
    }
    const owner = nameOf(queue.uid);
    for (const { path, uid } of files ?? []) {
      if (uid === queue.uid) continue;
      const text = `${path} is ${nameOf(uid)}'s, and the queue ${owner}'s: it cannot be written`;
      found.push(fault(text, setUp ?? `sudo chown ${owner} ${path}`));
    }
    if (folder !== null) {
      const { path, uid, mode } = folder;
      // A group of the owner's own is nobody else's.
      const others = folder.gid === queue.gid ? 0o002 : 0o022;
      const isOpen = (mode & others) !== 0 && (mode & STICKY) === 0;
      if (isOpen) {
        const right = mode & ~others;
        const text = `others may put files in the queue's folder ${path} (${octal(mode)})`;
        found.push(fault(text, `chmod ${right.toString(8)} ${path}`, {
          fix: { kind: "folder", path, mode: right },
        }));
      } else if (uid !== queue.uid && queue.uid !== 0 && (mode & 0o022) === 0) {
        const text = `${owner} may not write in the queue's folder ${path}, which is ${
          nameOf(uid)
        }'s`;
        found.push(fault(text, setUp ?? `sudo chown ${owner} ${path}`));
      }
    }
    return found.length > 0 ? found : [ok(`the queue is ${owner}'s alone`)];
  },
};

function besides(queue: string): string[] {
  const folder = folderOf(queue);
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.startsWith(`${nameOf(queue)}-`)).sort()
    .map((name) => `${folder}/${name}`);
}

/** Nothing for what is gone by now, and for what is no plain file or folder. */
function factsOf(path: string): FileFacts[] {
  const info = lookAt(path);
  if (info === null || !(info.isFile || info.isDirectory)) return [];
  return [{ path, uid: info.uid ?? 0, gid: info.gid ?? 0, mode: (info.mode ?? 0) & 0o7777 }];
}
