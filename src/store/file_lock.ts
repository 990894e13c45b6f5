/** An OS lock (flock) on a file of our own. It ends with the process, however that ends. */
export class FileLock {
  private constructor(readonly path: string, readonly file: Deno.FsFile) {}

  /** Takes the lock if it is free at this moment, making the file (0600) if `create`; null if
   *  another holds it, or if the file is not there and not made. */
  static async tryTake(path: string, create = true): Promise<FileLock | null> {
    let file: Deno.FsFile;
    try {
      file = await Deno.open(path, { read: true, write: true, create, mode: 0o600 });
    } catch (error) {
      if (!create && error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
    if (await tryLock(file, path)) return new FileLock(path, file);
    file.close();
    return null;
  }

  release(): void {
    this.file.close();
  }
}

/** Paths whose lock we still wait for, in a thread that cannot be called off: while it waits,
 *  another holds the lock, and there is no need for a second thread. */
const waitedFor = new Set<string>();
const FREE_LOCK_MS = 100;

async function tryLock(file: Deno.FsFile, path: string): Promise<boolean> {
  const tryIt: unknown = Reflect.get(file, "tryLock");
  if (typeof tryIt === "function") return await Reflect.apply(tryIt, file, [true]) === true;
  // Deno 2.4 has no tryLock: a lock that is free is had at once, one that is not is left to wait,
  // and let go as soon as it is had, for by then the file is closed.
  if (waitedFor.has(path)) return false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), FREE_LOCK_MS);
  });
  waitedFor.add(path);
  const taken = file.lock(true).then(() => true as const, () => false as const)
    .finally(() => waitedFor.delete(path));
  try {
    return await Promise.race([taken, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
