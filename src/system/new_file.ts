// A file that is there whole or not at all: what export and backup write. The bytes, and the words
// for what goes wrong, are the caller's.

import { folderOf, lookAt, nameOf, syncFolder, writeAll } from "./files.ts";

const ROOM_BYTES = 64 * 1024;

export interface NewFileOptions {
  /** Take the place of a plain file that is there; otherwise whatever is there is left alone. */
  readonly replaces: boolean;
  /** Makes the error to be thrown from what the system threw, or from an `AlreadyExists` or an
   *  `IsADirectory` for a place that is taken. */
  readonly toError: (path: string, error: unknown) => Error;
}

/** It is written beside its place under a name of its own, that only its owner may read, and put in
 *  its place when it is on disk; a crash leaves nothing but that other file. All that is thrown
 *  comes from `toError`. */
export class NewFile implements Disposable {
  #file: Deno.FsFile | null = null;
  #room: Uint8Array | null = null;
  #filled = 0;

  private constructor(
    readonly path: string,
    /** The name it has until then. */
    readonly temporary: string,
    readonly options: NewFileOptions,
  ) {}

  /** Begins a file. Nothing else is touched yet; that its place is taken is found now if it is taken
   *  now, otherwise in `place`. */
  static async make(path: string, options: NewFileOptions): Promise<NewFile> {
    try {
      refuseTaken(path, options.replaces);
      const prefix = `.${nameOf(path)}.`.slice(0, 200);
      const file = new NewFile(
        path,
        await Deno.makeTempFile({ dir: folderOf(path), prefix }),
        options,
      );
      try {
        file.#file = await Deno.open(file.temporary, { write: true });
        return file;
      } catch (error) {
        file[Symbol.dispose]();
        throw error;
      }
    } catch (error) {
      throw options.toError(path, error);
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
    await this.#step(() => writeAll(file, bytes));
  }

  /** Ends the writing, for somebody who goes on by the temporary name; its bytes are on disk. */
  async finish(): Promise<void> {
    const file = this.#file;
    if (file === null) return;
    await this.#flush();
    await this.#step(() => file.sync());
    this.#file = null;
    file.close();
  }

  /** Puts the file in its place; it is on disk once this resolves. */
  async publish(): Promise<void> {
    await this.place();
    await this.#step(() => syncFolder(folderOf(this.path)));
  }

  /** As `publish`, but its name is on disk only once the folder is synced. */
  async place(): Promise<void> {
    await this.finish();
    await this.#step(async () => {
      if (this.options.replaces) await Deno.rename(this.temporary, this.path);
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
      refuseTaken(this.path, false);
      await Deno.rename(this.temporary, this.path);
      return;
    }
    await Deno.remove(this.temporary);
  }

  async #step(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      throw this.options.toError(this.path, error);
    }
  }

  /** Closes what is open and removes what was not put in its place. Never throws. */
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

/** Throws `IsADirectory` or `AlreadyExists` where the place is taken; of what is there only a plain
 *  file can be replaced: a device or a link is never meant. */
function refuseTaken(path: string, replaces: boolean): void {
  if (nameOf(path) === "") throw new Deno.errors.IsADirectory("expected the name of a file");
  const info = lookAt(path);
  if (info === null || (replaces && info.isFile)) return;
  if (info.isDirectory) throw new Deno.errors.IsADirectory("it is a folder");
  throw new Deno.errors.AlreadyExists("there is a file already");
}
