import { errorText, MailqError } from "../queue/errors.ts";

const ROOM_BYTES = 64 * 1024;

/** A file that is there whole or not at all. It is written beside its place under a name of its own,
 *  that only its owner may read, and put in its place when it is on disk; a crash leaves nothing but
 *  that other file. Throws `cannot_create`, `permission`, `disk_full`, `io_error`. */
export class NewFile implements Disposable {
  #file: Deno.FsFile | null;
  #room: Uint8Array | null = null;
  #filled = 0;

  private constructor(
    readonly path: string,
    /** The name it has until then. */
    readonly temporary: string,
    file: Deno.FsFile,
  ) {
    this.#file = file;
  }

  /** Begins a file; refused where there is something by its name, unless that is a plain file and
   *  `replaces`. */
  static async make(path: string, replaces: boolean): Promise<NewFile> {
    await refuseTaken(path, replaces);
    const temporary = await onFile(
      path,
      () => Deno.makeTempFile({ dir: folderOf(path), prefix: `.${nameOf(path)}.`.slice(0, 200) }),
    );
    try {
      const file = await onFile(path, () => Deno.open(temporary, { write: true }));
      return new NewFile(path, temporary, file);
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
  }

  /** Small pieces are gathered: each system call costs as much as some kilobytes. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#filled + bytes.length > ROOM_BYTES) await this.#flush();
    if (bytes.length > ROOM_BYTES) return await this.#put(bytes);
    this.#room ??= new Uint8Array(ROOM_BYTES);
    this.#room.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  async #flush(): Promise<void> {
    const filled = this.#room?.subarray(0, this.#filled);
    this.#filled = 0;
    if (filled !== undefined) await this.#put(filled);
  }

  async #put(bytes: Uint8Array): Promise<void> {
    const file = this.#file;
    if (file === null) throw new Error(`${this.path} was finished`);
    await onFile(this.path, async () => {
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    });
  }

  /** Ends the writing, for somebody who goes on by the temporary name. */
  async finish(): Promise<void> {
    const file = this.#file;
    if (file === null) return;
    await this.#flush();
    await onFile(this.path, () => file.sync());
    this.#file = null;
    file.close();
  }

  /** Puts the file in its place; it is on disk once this resolves. */
  async publish(replaces: boolean): Promise<void> {
    await this.place(replaces);
    await onFile(this.path, () => syncFolder(folderOf(this.path)));
  }

  /** As `publish`, but its name is on disk only once the folder is synced. */
  async place(replaces: boolean): Promise<void> {
    await this.finish();
    await onFile(this.path, async () => {
      if (replaces) await Deno.rename(this.temporary, this.path);
      else await this.#linkInPlace();
    });
  }

  /** As a rename would, but one that overwrites nothing. */
  async #linkInPlace(): Promise<void> {
    try {
      await Deno.link(this.temporary, this.path);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) throw error;
      // A file system without links.
      await refuseTaken(this.path, false);
      await Deno.rename(this.temporary, this.path);
      return;
    }
    await Deno.remove(this.temporary);
  }

  /** Closes what is open and removes what was not put in its place. */
  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = null;
    try {
      Deno.removeSync(this.temporary);
    } catch {
      // It is in its place.
    }
  }
}

/** Brings what a folder lists to the disk. */
export async function syncFolder(path: string): Promise<void> {
  using folder = await Deno.open(path, { read: true });
  await folder.sync();
}

export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash) || "/";
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

async function refuseTaken(path: string, replaces: boolean): Promise<void> {
  if (nameOf(path) === "") {
    throw new MailqError("usage", `Cannot write "${path}": expected the name of a file`);
  }
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw translated(path, error);
  }
  // A device or a link is never meant.
  if (replaces && info.isFile) return;
  throw taken(path, info.isDirectory ? "it is a folder" : "there is a file already");
}

function taken(path: string, reason: string, cause?: unknown): MailqError {
  return new MailqError("cannot_create", `Cannot write ${path}: ${reason}`, { cause });
}

/** Does one step for the file at `path`; what the system throws becomes a MailqError. */
export async function onFile<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw translated(path, error);
  }
}

function translated(path: string, error: unknown): MailqError {
  if (error instanceof MailqError) return error;
  const what = `Cannot write ${path}`;
  if (error instanceof Deno.errors.AlreadyExists) {
    return taken(path, "there is a file already", error);
  }
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
    return taken(path, "there is no such folder", error);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new MailqError("permission", `${what}: permission denied`, { cause: error });
  }
  const code: unknown = Reflect.get(Object(error), "code");
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new MailqError("disk_full", `${what}: the disk is full`, { cause: error });
  }
  return new MailqError("io_error", `${what}: ${errorText(error)}`, { cause: error });
}
