// The check "drop folder": whether those who may not open the queue can hand in mail, and nobody can see
// another's. What the folder must be like, `mailq init system` knows; this check sees that it still is.

import { errorText } from "../../../queue/errors.ts";
import { dropFolder, NEW_PREFIX, REFUSED, TAKEN } from "../../../store/drop/names.ts";
import { folderOf, lookAt } from "../../../system/files.ts";
import { type Check, fault, type Finding, ok, warning } from "../check.ts";
import { octal } from "../look.ts";

interface FolderFacts {
  readonly path: string;
  /** Null where it is not there. */
  readonly mode: number | null;
  readonly uid: number | null;
}

interface Facts {
  /** Whether this user hands mail in by the folder, since the queue is another's. */
  readonly isNeeded: boolean;
  readonly drop: FolderFacts;
  /** The folders inside it, as far as they can be seen. */
  readonly inside: readonly FolderFacts[];
  /** Folders above it that others may not pass. */
  readonly closed: readonly FolderFacts[];
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Why this user cannot leave a file in it; null if he can, or was not asked. */
  readonly refusal: string | null;
  readonly isSystem: boolean;
  /** Sets all of it right. */
  readonly setUp: string;
}

/** As all make files in it, each of which only its owner may remove. */
const OPEN_TO_ALL = 0o1003;

export const check: Check<Facts | null> = {
  gather(patient) {
    const { queueFile, queueOwner, isOwner } = patient;
    if (queueFile === null || queueOwner === null) return null;
    const path = dropFolder(queueFile);
    const isSystem = queueFile.startsWith("/var/lib/mailq/");
    const found = look(path);
    // A folder of that name may be anybody's, and is then none of ours.
    const isOurs = isSystem || ((found.mode ?? 0) & OPEN_TO_ALL) === OPEN_TO_ALL ||
      isOwner && (look(`${path}/${TAKEN}`).mode ?? look(`${path}/${REFUSED}`).mode) !== null;
    const drop = isOurs ? found : { path, mode: null, uid: null };
    return {
      isNeeded: !isOwner,
      drop,
      inside: isOwner ? [look(`${path}/${TAKEN}`), look(`${path}/${REFUSED}`)] : [],
      closed: above(path).filter(({ mode }) => mode !== null && (mode & 0o001) === 0),
      owner: queueOwner,
      refusal: isOwner || drop.mode === null ? null : refusalIn(path),
      isSystem,
      setUp: `sudo mailq init system --user ${queueOwner.name}`,
    };
  },
  judge(facts) {
    if (facts === null) return [];
    const { isNeeded, drop, isSystem, setUp, refusal } = facts;
    if (drop.mode === null) {
      if (isNeeded) {
        return [
          fault("the queue is another user's, and there is no folder to hand mail in by", setUp),
        ];
      }
      if (isSystem) return [warning("none: the machine's other users cannot hand in mail", setUp)];
      return [ok("none: the queue is one user's")];
    }
    const found = judgeFolders(facts);
    if (found.length > 0) return found;
    if (refusal !== null) return [fault(`you cannot hand in mail: ${refusal}`, setUp)];
    return [ok(isNeeded ? "you can hand in mail" : `${drop.path}: every user can hand in mail`)];
  },
};

function judgeFolders({ drop, inside, closed, owner, setUp }: Facts): Finding[] {
  const found: Finding[] = [];
  const { path, mode, uid } = drop;
  if (uid !== owner.uid && uid !== 0) {
    found.push(fault(`${path} is not the queue's owner's`, setUp));
  } else {
    // For an owner who is not root what is left there is of his group.
    const right = owner.uid === 0 ? 0o1733 : 0o3733;
    if (mode !== right) {
      const text = `${path} has mode ${octal(mode ?? 0)}, and not ${octal(right)}: ` +
        "users cannot hand in mail, or can see or remove that of others";
      found.push(fault(text, `chmod ${octal(right)} ${path}`, {
        fix: { kind: "folder", path, mode: right },
      }));
    }
  }
  for (const { path, mode, uid } of inside) {
    const fix = { kind: "folder", path, mode: 0o700 } as const;
    if (mode === null) {
      found.push(fault(`${path} is missing`, setUp, { fix: { ...fix, owner } }));
    } else if (uid !== owner.uid && uid !== 0) {
      found.push(fault(`${path} is not its owner's`, setUp));
    } else if ((mode & 0o077) !== 0) {
      found.push(
        fault(`others can look into ${path} (${octal(mode ?? 0)})`, `chmod 700 ${path}`, { fix }),
      );
    }
  }
  for (const { path, mode } of closed) {
    const right = (mode ?? 0) | 0o001;
    const text = `${path} keeps other users from the drop folder (${octal(mode ?? 0)})`;
    // What else is in another folder, its owner may not want to be passed by all.
    const fix = path === folderOf(drop.path)
      ? { kind: "folder", path, mode: right } as const
      : undefined;
    found.push(fault(text, `chmod o+x ${path}`, { fix }));
  }
  return found;
}

function look(path: string): FolderFacts {
  try {
    const info = lookAt(path);
    if (info === null || !info.isDirectory) return { path, mode: null, uid: null };
    return { path, mode: (info.mode ?? 0) & 0o7777, uid: info.uid };
  } catch {
    return { path, mode: null, uid: null }; // out of reach
  }
}

function above(path: string): FolderFacts[] {
  const found: FolderFacts[] = [];
  for (let at = folderOf(path); at !== "/"; at = folderOf(at)) found.push(look(at));
  return found;
}

/** Tries it: a file of the kind that is being written, removed at once. */
function refusalIn(folder: string): string | null {
  const probe = `${folder}/${NEW_PREFIX}doctor-${crypto.randomUUID()}`;
  try {
    Deno.openSync(probe, { write: true, createNew: true, mode: 0o600 }).close();
    Deno.removeSync(probe);
    return null;
  } catch (error) {
    return errorText(error);
  }
}
