// How much room the disk has that a file is on. For those who tell a monitor of it; whether something
// can be written, only the write itself finds out.

interface DiskRoom {
  /** That an ordinary user can use. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** The room of the disk that a file is on; null where the system does not tell. */
export async function diskRoom(path: string): Promise<DiskRoom | null> {
  // Only Node's part of Deno knows it, and that takes a moment to load.
  const { statfsSync }: typeof import("node:fs") = await import(["node", "fs"].join(":"));
  try {
    const { bsize, bavail, blocks } = statfsSync(path);
    return { freeBytes: bsize * bavail, totalBytes: bsize * blocks };
  } catch {
    return null;
  }
}
