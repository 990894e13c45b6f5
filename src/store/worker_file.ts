// The file by which a worker's life is seen on its own machine: locked as long as its process lives,
// and a list of the claims whose bytes began to go out. Both stores register workers with one; who
// takes over from the dead reads it.

// The file holds numbers of eight bytes: when the machine was started, then the token of each claim,
// noted just before the first byte of its message goes out. So when a worker has died, what is not
// noted was certainly not sent, and what is noted may have been: that is closed as uncertain.

import { bootMark, isOfBoot, thisBoot } from "../system/boot.ts";
import { FileLock } from "../system/file_lock.ts";
import { discardFile, isThere, systemCode, writeAllSync } from "../system/files.ts";
import { giveToOwnerOf } from "../system/handles.ts";
import { fileError, fileTrouble } from "./file_errors.ts";

const NUMBER_BYTES = 8;

/** What stands in it survives a kill -9. */
export class WorkerFile {
  readonly #number = new Uint8Array(NUMBER_BYTES);
  readonly #numberView = new DataView(this.#number.buffer);

  private constructor(readonly lock: FileLock) {}

  /** Makes the file at `path`, locked; the owner's of the file `like` if root makes it. Throws for what
   *  the file system refuses. */
  static async make(path: string, { like }: { readonly like: string | null }): Promise<WorkerFile> {
    let lock: FileLock | null = null;
    try {
      lock = await FileLock.make(path);
      if (like !== null) giveToOwnerOf(like, lock.file);
      writeAllSync(lock.file, bootMark(thisBoot()));
      return new WorkerFile(lock);
    } catch (error) {
      if (lock !== null) new WorkerFile(lock).remove();
      throw lockFileError(path, error);
    }
  }

  get path(): string {
    return this.lock.path;
  }

  noteBegun(token: number): void {
    this.#numberView.setFloat64(0, token);
    try {
      writeAllSync(this.lock.file, this.#number);
    } catch (error) {
      throw lockFileError(this.path, error);
    }
  }

  /** Begins the notes anew. */
  noteIdle(): void {
    try {
      this.lock.file.truncateSync(NUMBER_BYTES);
    } catch {
      return; // The file goes on growing, and old notes say nothing of new claims.
    }
    this.lock.file.seekSync(NUMBER_BYTES, Deno.SeekMode.Start);
  }

  /** What was noted; null if that is not known. */
  begun(): Set<number> | null {
    return isThere(this.path) ? readBegunTokens(this.lock) : null;
  }

  /** Removes the file and frees the lock. Never throws. */
  remove(): void {
    discardFile(this.path);
    this.lock.release();
  }
}

function lockFileError(path: string, error: unknown): Error {
  return fileError(`Cannot lock ${path}`, error);
}

/** Whether the worker of a lock file lives: `held` if it does, its lock if it is dead, `gone` if the
 *  file is gone, which only the dead leave; `unknown` for another user's, which is not for us to find
 *  out. Throws for every other trouble: a lock that the system does not give tells nothing of who
 *  holds it. */
export async function lockOf(path: string): Promise<FileLock | "held" | "gone" | "unknown"> {
  try {
    const lock = await FileLock.tryTakeOld(path);
    return lock ?? (isThere(path) ? "held" : "gone");
  } catch (error) {
    const code = systemCode(error);
    if (code !== null && NOT_OURS.includes(code)) return "unknown";
    throw lockFileError(path, error);
  }
}

/** On a disk that may only be read nobody can hold a lock for writing. */
const NOT_OURS: readonly string[] = ["EACCES", "EPERM", "EROFS"];

/** The tokens that a worker, now dead, had noted as begun; null if the machine was started anew
 *  since (a power cut may have taken the last notes) or that cannot be told. A last entry cut
 *  short was never acted upon. */
export function readBegunTokens(lock: FileLock): Set<number> | null {
  // Not by its path: another that takes the same worker over may have removed the file by now.
  const bytes = bytesOf(lock.file);
  if (bytes === null || !isOfBoot(bytes, thisBoot())) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const tokens = new Set<number>();
  for (let at = NUMBER_BYTES; at + NUMBER_BYTES <= bytes.length; at += NUMBER_BYTES) {
    tokens.add(view.getFloat64(at));
  }
  return tokens;
}

/** Null if the disk does not let them be read. */
function bytesOf(file: Deno.FsFile): Uint8Array | null {
  try {
    const bytes = new Uint8Array(file.statSync().size);
    file.seekSync(0, Deno.SeekMode.Start);
    let size = 0;
    while (size < bytes.length) {
      const count = file.readSync(bytes.subarray(size));
      if (count === null) break;
      size += count;
    }
    return bytes.subarray(0, size);
  } catch (error) {
    if (fileTrouble(error) === null) throw error;
    return null;
  }
}
