// The drop folder as the queue's owner sees it: moves drops aside where only he may reach them,
// opens them and puts away what is refused. What is in one is read by read.ts.

import { errorText, MailqError } from "../../queue/errors.ts";
import { isThere, nameOf, removeFile } from "../../system/files.ts";
import { broken } from "./format.ts";
import { isDropName, NEW_PREFIX, REFUSED, REFUSED_PREFIX, TAKEN } from "./names.ts";
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
  /** When the file came into being, which is not for its owner to say; null if that is not known. */
  readonly bornAt: number | null;
}

/** Files of dead processes are removed after this time. */
const STALE_MS = 24 * 60 * 60_000;
const BLOCK_BYTES = 512;
/** No compression of mail is better; a file with fewer blocks than this has holes, which take none of
 *  its owner's space and would take all of the queue's. */
const MOST_COMPRESSED = 32;
const HOLES_FROM_BYTES = 1024 * 1024;
/** An owner may hold a lease on his file, which makes whoever opens it wait, up to 45 seconds. */
const OPEN_MS = 1_000;
/** More drops than this are a crowd. */
const MANY = 100;
/** The users of whom a file is being opened for longer: the rest of theirs can wait, too. */
const slowOwners = new Set<number>();

/** A drop folder as the queue's owner sees it. Anybody may put anything there at any time, and change
 *  it: nothing is opened before it was moved into a folder that is the owner's alone, where no other
 *  can put something else in its place. To be used by one process at a time. */
export class DropFolder {
  private constructor(readonly path: string) {}

  /** Makes the folders inside that should be there. Throws `permission` where they are not the
   *  folder's owner's. */
  static open(path: string): DropFolder {
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

  /** The names of what an earlier process had taken, and of what lies in the folder, oldest first, or
   *  each user in turn if there are many. Removes what processes that died while they wrote left behind. */
  names(now: number): { readonly leftovers: string[]; readonly dropped: string[] } {
    try {
      const dropped: string[] = [];
      for (const { name, isDirectory } of Deno.readDirSync(this.path)) {
        if (name.startsWith(NEW_PREFIX) && !isDirectory) this.#sweep(name, now);
        else if (isDirectory && [TAKEN, REFUSED, "lost+found"].includes(name)) continue;
        else if (!name.startsWith(REFUSED_PREFIX)) dropped.push(name);
      }
      const leftovers = [...Deno.readDirSync(`${this.path}/${TAKEN}`)].map(({ name }) => name);
      return { leftovers: leftovers.sort(), dropped: this.#inTurn(dropped.sort()) };
    } catch (error) {
      throw folderError(this.path, error);
    }
  }

  /** Of many drops each user's first, then each one's second and so on: nobody waits until another's
   *  thousands are taken in. */
  #inTurn(names: readonly string[]): string[] {
    if (names.length <= MANY) return [...names];
    const turns = new Map<number | null, number>();
    const ranked = names.map((name) => {
      const uid = ownerOf(this.dropped(name));
      const turn = turns.get(uid) ?? 0;
      turns.set(uid, turn + 1);
      return { name, turn };
    });
    return ranked.sort((one, other) => one.turn - other.turn).map(({ name }) => name);
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
      if (isThere(drop.path)) throw broken("one of this name is being taken in already");
      Deno.renameSync(this.dropped(name), drop.path);
      return drop;
    } catch (error) {
      if (error instanceof MailqError) throw error;
      if (error instanceof Deno.errors.NotFound) return null;
      throw broken(errorText(error), error);
    }
  }

  /** Opens a drop that was taken; null if that would take long. Throws `bad_message` for one of more
   *  than `maxBytes`, with holes, or that is no plain file that can be opened, and `permission`
   *  where root is not let. */
  async open(drop: TakenDrop, maxBytes: number): Promise<OpenDrop | null> {
    let file: Deno.FsFile | null;
    try {
      // Looked at again: before it was taken it may have become something else.
      const info = Deno.lstatSync(drop.path);
      checkKind(drop.name, info);
      file = await openInTime(drop.path, info.uid ?? 0);
    } catch (error) {
      // What root may not read is no user's doing, but the service's, if it runs without the right.
      const isOurs = error instanceof Deno.errors.PermissionDenied && Deno.uid() === 0;
      if (isOurs) throw folderError(this.path, error);
      throw error instanceof MailqError ? error : broken(errorText(error), error);
    }
    if (file === null) return null;
    try {
      const { size, blocks, uid, birthtime } = file.statSync();
      if (size > maxBytes) throw broken(`it has ${size} bytes, more than ${maxBytes}`);
      if (
        blocks !== null && size > HOLES_FROM_BYTES && blocks * BLOCK_BYTES * MOST_COMPRESSED < size
      ) {
        throw broken(`it has ${size} bytes, but takes ${blocks * BLOCK_BYTES} on disk`);
      }
      return new OpenFile(file, size, uid ?? 0, birthtime?.getTime() ?? null);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Removes a drop that is in the queue. */
  remove(drop: TakenDrop): void {
    try {
      removeFile(drop.path);
    } catch (error) {
      throw folderError(this.path, error);
    }
  }

  /** Moves aside what cannot be taken in, under its name if that is free; returns where it is now.
   *  Null if it is gone. */
  refuse(path: string): string | null {
    const name = nameOf(path);
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
    readonly bornAt: number | null,
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

/** The file, if it can be opened soon; else it is closed as soon as it is open. */
async function openInTime(path: string, uid: number): Promise<Deno.FsFile | null> {
  if (slowOwners.has(uid)) return null;
  const opening = Deno.open(path);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), OPEN_MS);
  });
  try {
    const file = await Promise.race([opening, late]);
    if (file !== null) return file;
  } finally {
    clearTimeout(timer);
  }
  slowOwners.add(uid);
  opening.then((opened) => opened.close()).catch(() => {}).finally(() => slowOwners.delete(uid));
  return null;
}

/** Whose a file is; null if it is gone. */
export function ownerOf(path: string): number | null {
  try {
    return Deno.lstatSync(path).uid;
  } catch {
    return null;
  }
}

function freeName(path: string): string {
  let free = path;
  for (let n = 1; isThere(free); n++) free = `${path}.${n}`;
  return free;
}

function folderError(path: string, error: unknown): MailqError {
  const isDenied = error instanceof Deno.errors.PermissionDenied;
  return new MailqError(
    isDenied ? "permission" : "io_error",
    `Cannot use the drop folder ${path}: ${isDenied ? "permission denied" : errorText(error)}`,
    { cause: error },
  );
}
