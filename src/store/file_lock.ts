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
    if (await tryLock(file)) return new FileLock(path, file);
    file.close();
    return null;
  }

  release(): void {
    this.file.close();
  }
}

async function tryLock(file: Deno.FsFile): Promise<boolean> {
  // Deno 2.4 has no tryLock: a lock that is free is had at once, one that is not is left to
  // wait in a thread of its own, which lets go when the file is closed.
  const tryIt: unknown = Reflect.get(file, "tryLock");
  if (typeof tryIt === "function") return await Reflect.apply(tryIt, file, [true]) === true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), 30);
  });
  const taken = file.lock(true).then(() => true as const, () => false as const);
  try {
    return await Promise.race([taken, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
