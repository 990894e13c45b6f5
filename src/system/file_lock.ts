import { MailqError } from "../queue/errors.ts";

/** An OS lock (flock) on a file of our own. It ends with the process, however that ends. */
export class FileLock {
  private constructor(readonly path: string, readonly file: Deno.FsFile) {}

  /** Takes the lock if it is free at this moment, making the file (0600) if `create`; null if
   *  another holds it, or if the file is not there and not made. Throws as `openOwnFile` does. */
  static async tryTake(path: string, create = true): Promise<FileLock | null> {
    let file: Deno.FsFile;
    try {
      file = (create ? makeFile(path) : null) ?? openOwnFile(path);
    } catch (error) {
      if (!create && error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
    const tryLock: unknown = Reflect.get(file, "tryLock");
    const isTaken = typeof tryLock === "function"
      ? await Reflect.apply(tryLock, file, [true]) === true
      : await tryLockByWaiting(file, path);
    if (isTaken) return new FileLock(path, file);
    file.close();
    return null;
  }

  /** Makes a lock file of a name that nobody else uses, and takes its lock. */
  static async make(path: string): Promise<FileLock> {
    const file = makeFile(path);
    if (file === null) throw new Error(`the new lock file ${path} is there already`);
    // Nobody holds it, so this is no wait for anybody; but on a busy machine the thread that takes
    // it may come late, and must not be given up.
    await file.lock(true);
    return new FileLock(path, file);
  }

  release(): void {
    // A program that is being started shares our open files for a moment: closing alone would
    // leave the lock to it.
    this.file.unlockSync();
    this.file.close();
  }
}

/** Makes an empty file; null if there is something by that name, be it a link to nowhere. */
function makeFile(path: string): Deno.FsFile | null {
  try {
    return Deno.openSync(path, { read: true, write: true, createNew: true, mode: 0o600 });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return null;
    throw error;
  }
}

/** Opens a file that we, or another process of ours, made. Throws `NotFound`, and `permission` for
 *  anything else in its place: whoever may write in the folder could lay a link there, and have root write
 *  through it into a file that is not his. */
export function openOwnFile(path: string): Deno.FsFile {
  const isPlain = ({ isFile, nlink }: Deno.FileInfo) => isFile && nlink === 1;
  // Before it is opened, for that alone can do something to a pipe or a device.
  const named = Deno.lstatSync(path);
  if (isPlain(named)) {
    const file = Deno.openSync(path, { read: true, write: true });
    const opened = file.statSync();
    if (opened.nlink === 0) {
      // Its owner has just ended and removed it.
      file.close();
      throw new Deno.errors.NotFound(path);
    }
    if (isPlain(opened) && opened.dev === named.dev && opened.ino === named.ino) return file;
    file.close();
  }
  throw new MailqError("permission", `Cannot lock ${path}: it is no plain file; remove it`);
}

const FREE_LOCK_MS = 100;
/** Attempts of ours, by path, that another's lock keeps waiting. */
const waiting = new Map<string, Promise<boolean>>();

/** What Deno 2.4 lacks: a lock that is free is had at once; for one that is not, a thread waits
 *  that cannot be called off. It lets go as soon as it has the lock, for by then the file is
 *  closed, and as long as it waits there is no need for a second one. */
async function tryLockByWaiting(file: Deno.FsFile, path: string): Promise<boolean> {
  const earlier = waiting.get(path);
  if (earlier !== undefined && await inTime(earlier) === null) return false;
  const taken = file.lock(true).then(() => true, () => false);
  const result = await inTime(taken);
  if (result === null) waiting.set(path, taken.finally(() => waiting.delete(path)));
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

/** Gives a lock file to the owner of the queue where root made it (as SQLite does with its own
 *  files): it must not keep him from his queue, nor from judging whether root's worker lives. */
export function giveToOwnerOf(queue: string, path: string): void {
  if (Deno.uid() !== 0) return;
  const { uid, gid } = Deno.statSync(queue);
  const { isFile, nlink } = Deno.lstatSync(path);
  // A link that the owner laid here must not make root give another file away.
  if (uid !== null && uid !== 0 && isFile && nlink === 1) Deno.chownSync(path, uid, gid);
}
