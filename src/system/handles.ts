// Gives files and folders to their owner, and sets their mode, by their open handle: where a folder is
// another user's, a link can come into the place of what a path named a moment ago. Used where root
// works on somebody's queue. What belongs to whom is the callers' to say.

import { isSame } from "./files.ts";

/** Where root made a file beside `other`: gives it to the owner of that (as SQLite does with its own
 *  files). Does nothing for anybody else, nor with a file that root has not made. Without /proc it
 *  stays root's. */
export function giveToOwnerOf(other: string, file: Deno.FsFile): void {
  if (Deno.uid() !== 0) return;
  const { uid, gid } = Deno.statSync(other);
  const { uid: ownUid, isFile, nlink } = file.statSync();
  if (!uid || ownUid !== 0 || !isFile || nlink !== 1) return;
  const path = handlePath(file);
  if (path !== null) Deno.chownSync(path, uid, gid);
}

interface OwnerAndMode {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Brings a plain file or folder to its owner and mode; false if something else is there, or came there
 *  meanwhile: what a link leads to must neither be given away nor be opened to all. `info` is what was
 *  looked at (lstat). Where another could have put something there, /proc is needed: throws
 *  `NotSupported` without it. */
export function mend(path: string, info: Deno.FileInfo, wanted: OwnerAndMode): boolean {
  const isOwned = info.uid === wanted.uid && info.gid === wanted.gid;
  const isRight = isOwned && ((info.mode ?? 0) & 0o7777) === wanted.mode;
  if (isRight) return true;
  // Whoever is not root works on what is his alone; it may be shut even to him.
  if (Deno.uid() !== 0) {
    if (!isOwned) Deno.chownSync(path, wanted.uid, wanted.gid);
    Deno.chmodSync(path, wanted.mode);
    return true;
  }
  using file = Deno.openSync(path, { read: true });
  const opened = file.statSync();
  if (!isSame(opened, info) || (opened.isFile && opened.nlink !== 1)) return false;
  const by = handlePath(file);
  if (by === null) throw new Deno.errors.NotSupported("/proc is needed for it, and not mounted");
  if (!isOwned) Deno.chownSync(by, wanted.uid, wanted.gid);
  Deno.chmodSync(by, wanted.mode);
  return true;
}

/** Lets everybody write to a socket of ours; it has no handle to do that by. Throws where something else
 *  has that name. */
export function openSocketToAll(path: string): void {
  const { isSocket, uid } = Deno.lstatSync(path);
  if (!isSocket || uid !== Deno.uid()) {
    throw new Deno.errors.AlreadyExists(`${path} is no socket of ours any more`);
  }
  Deno.chmodSync(path, 0o666);
}

/** A name that leads to this open file and to no other, whatever becomes of its path: Deno has no
 *  fchown(2) and fchmod(2). Null where there is no /proc. */
function handlePath(file: Deno.FsFile): string | null {
  const own = file.statSync();
  try {
    for (const { name } of Deno.readDirSync("/proc/self/fd")) {
      const path = `/proc/self/fd/${name}`;
      if (isOpenAs(path, own)) return path;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return null;
}

function isOpenAs(path: string, own: Deno.FileInfo): boolean {
  try {
    return isSame(Deno.statSync(path), own);
  } catch (error) {
    // The handle that the list itself was read by is closed by now.
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
