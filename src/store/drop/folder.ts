// The drop folder as the queue's owner sees it: moves drops aside where only he may reach them,
// opens them and puts away what is refused. What is in one is read by read.ts.

import { errorText, MailqError } from "../../queue/errors.ts";
import { isThere, lookAt, nameOf, removeFile } from "../../system/files.ts";
import { Turns } from "../../system/time.ts";
import { fileError, fileTrouble } from "../file_errors.ts";
import { broken } from "./format.ts";
import { isDropName, NEW_PREFIX, REFUSED, REFUSED_PREFIX, TAKEN } from "./names.ts";
import type { DropOpener } from "./opener.ts";
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
/** More drops than this are a crowd. */
const MANY = 100;
/** What was refused is kept for so long, and so many of each user. */
const KEPT_MS = 90 * 24 * 60 * 60_000;
const KEPT_EACH = 1_000;
/** A name as long as this has room for what is put before and behind it. */
const NAME_CHARS = 200;

/** What lies in the folder. */
interface DropsFound {
  /** What an earlier process had taken. */
  readonly leftovers: readonly string[];
  /** What was dropped since: the oldest first, or each user in turn if there are many. */
  readonly dropped: readonly string[];
}

/** A drop folder as the queue's owner sees it. Anybody may put anything there at any time, and change
 *  it: nothing is opened before it was moved into a folder that is the owner's alone, where no other
 *  can put something else in its place. To be used by one process at a time. */
export class DropFolder {
  readonly #turns = new Turns();
  /** Whose a file is, by its name. */
  #owners = new Map<string, number | null>();

  private constructor(readonly path: string) {}

  /** Throws `permission` where the folders inside are not there, or not the folder's owner's. */
  static open(path: string): DropFolder {
    for (const name of [TAKEN, REFUSED]) {
      const info = lookAt(`${path}/${name}`);
      const isOwners = info?.isDirectory &&
        (info.uid === Deno.lstatSync(path).uid || info.uid === Deno.uid());
      if (!isOwners) {
        throw new MailqError(
          "permission",
          `Cannot use the drop folder ${path}: ${name} in it is not its owner's folder; ` +
            "remove what is there, and `mailq init system` makes it",
        );
      }
    }
    return new DropFolder(path);
  }

  /** What lies in it now. Removes what processes that died while they wrote left behind. */
  async look(now: number): Promise<DropsFound> {
    try {
      const dropped: string[] = [];
      for await (const { name, isDirectory } of Deno.readDir(this.path)) {
        await this.#turns.give();
        if (name.startsWith(NEW_PREFIX) && !isDirectory) this.#sweep(name, now);
        else if (isDirectory && [TAKEN, REFUSED, "lost+found"].includes(name)) continue;
        else if (!name.startsWith(REFUSED_PREFIX)) dropped.push(name);
      }
      const taken = await Array.fromAsync(Deno.readDir(`${this.path}/${TAKEN}`));
      return {
        leftovers: taken.map(({ name }) => name).sort(),
        dropped: await this.#inTurn(dropped.sort()),
      };
    } catch (error) {
      throw folderError(this.path, error);
    }
  }

  /** Of many drops each user's first, then each one's second and so on: nobody waits until another's
   *  thousands are taken in. */
  async #inTurn(names: readonly string[]): Promise<string[]> {
    if (names.length <= MANY) return [...names];
    const owners = new Map<string, number | null>();
    const turns = new Map<number | null, number>();
    const ranked: { readonly name: string; readonly turn: number }[] = [];
    for (const name of names) {
      await this.#turns.give();
      const uid = this.#owners.get(name) ?? ownerOf(this.dropped(name));
      owners.set(name, uid);
      const turn = turns.get(uid) ?? 0;
      turns.set(uid, turn + 1);
      ranked.push({ name, turn });
    }
    this.#owners = owners;
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

  /** Opens a drop that was taken; null if its owner keeps that from being done soon. Throws
   *  `bad_message` for one of more than `maxBytes`, with holes, or that is no plain file that can be
   *  opened, and `permission` where root is not let. */
  async open(drop: TakenDrop, maxBytes: number, opener: DropOpener): Promise<OpenDrop | null> {
    let file: Deno.FsFile | null;
    try {
      // Looked at again: before it was taken it may have become something else.
      const info = Deno.lstatSync(drop.path);
      checkKind(drop.name, info);
      if (info.size === 0) throw broken("it is empty");
      file = await opener.open(drop.path, info);
    } catch (error) {
      // What root may not read is no user's doing, but the service's, if it runs without the right;
      // nor is it that no more files can be opened.
      const trouble = fileTrouble(error);
      const isOurs = trouble?.code === "permission" ? Deno.uid() === 0 : trouble?.code === "busy";
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
    const name = nameOf(path).slice(0, NAME_CHARS);
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

  /** Deletes of what was refused what is older than 90 days, and of each user all but the newest
   *  thousand; returns how many. What cannot be deleted stays. */
  async sweepRefused(now: number): Promise<number> {
    const counts = new Map<number | null, number>();
    let deleted = 0;
    for (const { path, uid, at } of (await this.#refused()).sort((a, b) => b.at - a.at)) {
      await this.#turns.give();
      const count = (counts.get(uid) ?? 0) + 1;
      counts.set(uid, count);
      if (now - at <= KEPT_MS && count <= KEPT_EACH) continue;
      deleted += await Deno.remove(path, { recursive: true }).then(() => 1, () => 0);
    }
    return deleted;
  }

  /** All that was refused, and when: a file's owner can set other times than that of its last change. */
  async #refused(): Promise<{ path: string; uid: number | null; at: number }[]> {
    const paths: string[] = [];
    for await (const { name } of Deno.readDir(`${this.path}/${REFUSED}`)) {
      paths.push(`${this.path}/${REFUSED}/${name}`);
    }
    for await (const { name } of Deno.readDir(this.path)) {
      if (name.startsWith(REFUSED_PREFIX)) paths.push(this.dropped(name));
    }
    const refused: { path: string; uid: number | null; at: number }[] = [];
    for (const path of paths) {
      await this.#turns.give();
      const info = lookAt(path);
      if (info === null) continue;
      refused.push({ path, uid: info.uid, at: (info.ctime ?? info.mtime)?.getTime() ?? 0 });
    }
    return refused;
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

/** Whose a file is; null if it is gone. */
export function ownerOf(path: string): number | null {
  try {
    return Deno.lstatSync(path).uid;
  } catch {
    return null;
  }
}

function freeName(path: string): string {
  return isThere(path) ? `${path}.${crypto.randomUUID()}` : path;
}

function folderError(path: string, error: unknown): Error {
  return fileError(`Cannot use the drop folder ${path}`, error);
}
