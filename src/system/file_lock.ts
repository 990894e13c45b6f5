// OS locks (flock) on files of our own, which end with the process however it ends: that is how a
// worker shows that it lives, and how passes, imports and Maildirs are kept to one process. What
// stands in such a file is its user's own affair.

import { discardFile, isSame, makeFile, openOwnFile } from "./files.ts";

/** An OS lock (flock) on a file of our own. It ends with the process, however that ends. */
export class FileLock {
  private constructor(readonly path: string, readonly file: Deno.FsFile) {
    held.add(file);
  }

  /** Takes the lock if it is free at this moment, making the file (0600) if it is not there; null
   *  if another holds it. Throws as `openOwnFile` does, and what the system says where it gives no
   *  lock (a network's file system, say): that is no answer to who holds it. */
  static async tryTake(path: string): Promise<FileLock | null> {
    return await FileLock.#tryLock(path, makeFile(path) ?? openOwnFile(path));
  }

  /** As `tryTake`, but makes no file: null, too, if it is not there. */
  static async tryTakeOld(path: string): Promise<FileLock | null> {
    let file: Deno.FsFile;
    try {
      file = openOwnFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
    return await FileLock.#tryLock(path, file);
  }

  static async #tryLock(path: string, file: Deno.FsFile): Promise<FileLock | null> {
    let isTaken = false;
    try {
      const tryLock: unknown = Reflect.get(file, "tryLock");
      isTaken = typeof tryLock === "function"
        ? await Reflect.apply(tryLock, file, [true]) === true
        : await tryLockByWaiting(file, path);
    } finally {
      if (!isTaken) file.close();
    }
    return isTaken ? new FileLock(path, file) : null;
  }

  /** Makes a lock file of a name that nobody else uses, and takes its lock. Throws if there is one, and
   *  leaves none behind where it cannot be locked. */
  static async make(path: string): Promise<FileLock> {
    const file = makeFile(path);
    if (file === null) throw new Error(`the new lock file ${path} is there already`);
    try {
      // Nobody holds it, so this is no wait for anybody; but on a busy machine the thread that takes
      // it may come late, and must not be given up.
      await file.lock(true);
      // Who sweeps files that are old by a clock that has just been set may have come between.
      if (file.statSync().nlink === 0) throw new Deno.errors.NotFound(`${path} was swept`);
    } catch (error) {
      file.close();
      discardFile(path);
      throw error;
    }
    return new FileLock(path, file);
  }

  /** Lets the lock go and closes the file, which stays. Never throws: what it was held for is done. */
  release(): void {
    held.delete(this.file);
    try {
      // A program that is being started shares our open files for a moment: closing alone would
      // leave the lock to it.
      this.file.unlockSync();
    } catch {
      // Closing lets go of it, too.
    }
    this.file.close();
  }
}

const FREE_LOCK_MS = 100;
/** The files of the locks that this thread holds. */
const held = new Set<Deno.FsFile>();
/** Attempts of ours, by path, that another's lock keeps waiting. */
const waiting = new Map<string, Promise<boolean>>();

/** What Deno 2.4 lacks: a lock that is free is had at once; for one that is not, a thread waits
 *  that cannot be called off. It lets go as soon as it has the lock, for by then the file is
 *  closed, and as long as it waits there is no need for a second one. */
async function tryLockByWaiting(file: Deno.FsFile, path: string): Promise<boolean> {
  // Every pass asks after all workers, itself included: for that nobody has to wait.
  const info = file.statSync();
  for (const one of held) if (isSame(one.statSync(), info)) return false;
  const earlier = waiting.get(path);
  if (earlier !== undefined && await inTime(earlier) === null) return false;
  const taken = file.lock(true).then(() => true);
  const result = await inTime(taken);
  // By then nobody asks any more why it failed: the file is closed.
  if (result === null) {
    waiting.set(path, taken.catch(() => false).finally(() => waiting.delete(path)));
  }
  return result ?? false;
}

/** The value of a promise that is settled soon, else null. The time begins when the threads have
 *  got to work: on a busy machine they are not there at once. */
async function inTime<T>(promise: Promise<T>): Promise<T | null> {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<null>((resolve) => {
    const begin = () => {
      if (!isOver) timer = setTimeout(() => resolve(null), FREE_LOCK_MS);
    };
    // Done by a thread as well, and asked for after what we wait for.
    void Deno.lstat("/").then(begin, begin);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    isOver = true;
    clearTimeout(timer);
  }
}
