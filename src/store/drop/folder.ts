import { errorText, MailqError } from "../../queue/errors.ts";
import { broken } from "./format.ts";
import { isDropName, isFolder, NEW_PREFIX, REFUSED, REFUSED_PREFIX, TAKEN } from "./names.ts";
import type { DropBytes } from "./read.ts";

/** A drop that is in nobody's hands but ours. */
export interface TakenDrop {
  readonly name: string;
  readonly path: string;
  /** An earlier process had taken it, and may have imported it. */
  readonly isLeftover: boolean;
}

/** An open drop. */
export interface OpenDrop extends DropBytes, Disposable {
  /** Whose file it is. */
  readonly uid: number;
}

/** Files of dead processes are removed after this time. */
const STALE_MS = 24 * 60 * 60_000;
const BLOCK_BYTES = 512;
/** No compression of mail is better; a file with fewer blocks than this has holes, which take none of
 *  its owner's space and would take all of the queue's. */
const MOST_COMPRESSED = 32;
const HOLES_FROM_BYTES = 1024 * 1024;
/** An owner may hold a lease on his file, which makes whoever opens it wait. */
const OPEN_MS = 1_000;

/** A drop folder as the queue's owner sees it. Anybody may put anything there at any time, and change
 *  it: nothing is opened before it was moved into a folder that is the owner's alone, where no other
 *  can put something else in its place. To be used by one process at a time. */
export class DropFolder {
  private constructor(readonly path: string) {}

  /** Null if there is none. Makes the folders inside that should be there. */
  static open(path: string): DropFolder | null {
    if (!isFolder(path)) return null;
    const { uid, gid } = Deno.lstatSync(path);
    for (const name of [TAKEN, REFUSED]) {
      const inner = `${path}/${name}`;
      try {
        Deno.mkdirSync(inner, { mode: 0o700 });
        if (Deno.uid() === 0 && uid !== null) Deno.chownSync(inner, uid, gid);
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw folderError(path, error);
      }
      const made = Deno.lstatSync(inner);
      if (!made.isDirectory || (made.uid !== uid && made.uid !== Deno.uid())) {
        throw new MailqError(
          "permission",
          `Cannot use the drop folder ${path}: ${name} in it is not its owner's folder; remove it`,
        );
      }
    }
    return new DropFolder(path);
  }

  /** The names of what an earlier process had taken, then of what lies in the folder, oldest first.
   *  Removes what processes that died while they wrote left behind. */
  names(now: number): { readonly leftovers: string[]; readonly dropped: string[] } {
    try {
      const dropped: string[] = [];
      for (const { name, isDirectory } of Deno.readDirSync(this.path)) {
        if (name.startsWith(NEW_PREFIX) && !isDirectory) this.#sweep(name, now);
        else if (isDirectory && [TAKEN, REFUSED, "lost+found"].includes(name)) continue;
        else if (!name.startsWith(REFUSED_PREFIX)) dropped.push(name);
      }
      const leftovers = [...Deno.readDirSync(`${this.path}/${TAKEN}`)].map(({ name }) => name);
      return { leftovers: leftovers.sort(), dropped: dropped.sort() };
    } catch (error) {
      throw folderError(this.path, error);
    }
  }

  #sweep(name: string, now: number): void {
    const path = `${this.path}/${name}`;
    try {
      if (now - (Deno.lstatSync(path).mtime?.getTime() ?? now) > STALE_MS) Deno.removeSync(path);
    } catch {
      // It was removed or renamed by its writer.
    }
  }

  /** Where a file of this name lies before it is taken. */
  dropped(name: string): string {
    return `${this.path}/${name}`;
  }

  /** What an earlier process had taken. */
  leftover(name: string): TakenDrop {
    return { name, path: `${this.path}/${TAKEN}/${name}`, isLeftover: true };
  }

  /** Takes a drop out of everybody's reach; null if it is gone. Throws `bad_message` for what
   *  nobody can have dropped in good faith. */
  take(name: string): TakenDrop | null {
    const drop = { name, path: `${this.path}/${TAKEN}/${name}`, isLeftover: false };
    try {
      checkKind(name, Deno.lstatSync(this.dropped(name)));
      if (exists(drop.path)) throw broken("one of this name is being taken in already");
      Deno.renameSync(this.dropped(name), drop.path);
      return drop;
    } catch (error) {
      if (error instanceof MailqError) throw error;
      if (error instanceof Deno.errors.NotFound) return null;
      throw broken(errorText(error), error);
    }
  }

  /** Opens a drop that was taken; null if that would take long. Throws `bad_message` for one of more
   *  than `maxBytes`, with holes, or that is no plain file that can be opened. */
  async open(drop: TakenDrop, maxBytes: number): Promise<OpenDrop | null> {
    let file: Deno.FsFile | null;
    try {
      // Looked at again: before it was taken it may have become something else.
      checkKind(drop.name, Deno.lstatSync(drop.path));
      file = await inTime(Deno.open(drop.path));
    } catch (error) {
      throw error instanceof MailqError ? error : broken(errorText(error), error);
    }
    if (file === null) return null;
    try {
      const { size, blocks, uid } = file.statSync();
      if (size > maxBytes) throw broken(`it has ${size} bytes, more than ${maxBytes}`);
      if (
        blocks !== null && size > HOLES_FROM_BYTES && blocks * BLOCK_BYTES * MOST_COMPRESSED < size
      ) {
        throw broken(`it has ${size} bytes, but takes ${blocks * BLOCK_BYTES} on disk`);
      }
      return new OpenFile(file, size, uid ?? 0);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Removes a drop that is in the queue. */
  remove(drop: TakenDrop): void {
    try {
      Deno.removeSync(drop.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw folderError(this.path, error);
    }
  }

  /** Moves aside what cannot be taken in, under its name if that is free; returns where it is now.
   *  Null if it is gone. */
  refuse(path: string): string | null {
    const name = path.slice(path.lastIndexOf("/") + 1);
    // A folder can be moved into another only by those who may write in it.
    for (const to of [`${this.path}/${REFUSED}/${name}`, this.dropped(REFUSED_PREFIX + name)]) {
      try {
        const free = freeName(to);
        Deno.renameSync(path, free);
        return free;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return null;
      }
    }
    return path;
  }
}

class OpenFile implements OpenDrop {
  constructor(
    readonly file: Deno.FsFile,
    readonly sizeBytes: number,
    readonly uid: number,
  ) {}

  readSync(into: Uint8Array): number | null {
    try {
      return this.file.readSync(into);
    } catch (error) {
      throw broken(errorText(error), error);
    }
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

function checkKind(name: string, info: Deno.FileInfo): void {
  const kind = info.isSymlink
    ? "a symbolic link"
    : info.isDirectory
    ? "a folder"
    : info.isFifo
    ? "a pipe"
    : info.isFile
    ? null
    : "no file";
  if (kind !== null) throw broken(`it is ${kind}`);
  if (info.nlink !== 1) throw broken(`it has ${info.nlink} hard links`);
  if (!isDropName(name)) throw broken("its name is not a drop's");
}

/** The file, if it is open soon; else it is closed as soon as it is open. */
async function inTime(opening: Promise<Deno.FsFile>): Promise<Deno.FsFile | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), OPEN_MS);
  });
  const file = await Promise.race([opening, late]);
  clearTimeout(timer);
  if (file === null) opening.then((opened) => opened.close(), () => {});
  return file;
}

function freeName(path: string): string {
  let free = path;
  for (let n = 1; exists(free); n++) free = `${path}.${n}`;
  return free;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

function folderError(path: string, error: unknown): MailqError {
  const isDenied = error instanceof Deno.errors.PermissionDenied;
  return new MailqError(
    isDenied ? "permission" : "io_error",
    `Cannot use the drop folder ${path}: ${isDenied ? "permission denied" : errorText(error)}`,
    { cause: error },
  );
}
