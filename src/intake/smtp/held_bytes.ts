// Bytes that come in pieces, kept in memory if they are few and otherwise in a file without a name,
// until somebody reads them. The SMTP server keeps a message's text so while its client sends it.

import { joinBytes } from "../../system/bytes.ts";
import { writeAllSync } from "../../system/files.ts";

interface HeldOptions {
  /** Up to so many stay in memory. */
  readonly memoryBytes: number;
  /** The folder of the file; by default the system's for temporary files. */
  readonly folder?: string;
  /** Where no file can be made all of it stays in memory. */
  readonly isFileOptional?: boolean;
}

/** Bytes to be read once, when all are there. They are gone with the process, or when this is
 *  disposed of. */
export class HeldBytes implements Disposable {
  #pieces: Uint8Array[] = [];
  #file: Deno.FsFile | null = null;
  #sizeBytes = 0;
  /** Where reading has come in `#pieces`. */
  #at = 0;
  #isRead = false;

  constructor(readonly options: HeldOptions) {}

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** How many of them are on disk. */
  get fileBytes(): number {
    return this.#file === null ? 0 : this.#sizeBytes;
  }

  /** Adds a copy of `bytes`. Throws what the file system throws; what was added before stays. */
  write(bytes: Uint8Array): void {
    if (this.#file === null && this.#sizeBytes + bytes.length > this.options.memoryBytes) {
      this.#beginFile();
    }
    if (this.#file === null) this.#pieces.push(bytes.slice());
    else writeAllSync(this.#file, bytes);
    this.#sizeBytes += bytes.length;
  }

  #beginFile(): void {
    const { folder, isFileOptional } = this.options;
    try {
      this.#file = openNameless(folder);
    } catch (error) {
      if (isFileOptional) return;
      throw error;
    }
    for (const piece of this.#pieces) writeAllSync(this.#file, piece);
    this.#pieces = [];
  }

  /** All of them, where they are in memory. They can be read by this or by `readSync`. */
  inMemory(): Uint8Array | null {
    return this.#file === null ? joinBytes(this.#pieces) : null;
  }

  /** Puts bytes into `into` and returns how many; null at the end. */
  readSync(into: Uint8Array): number | null {
    if (this.#file !== null) {
      if (!this.#isRead) this.#file.seekSync(0, Deno.SeekMode.Start);
      this.#isRead = true;
      return this.#file.readSync(into);
    }
    const piece = this.#pieces[0];
    if (piece === undefined) return null;
    const count = Math.min(into.length, piece.length - this.#at);
    into.set(piece.subarray(this.#at, this.#at + count));
    this.#at += count;
    if (this.#at === piece.length) {
      this.#pieces.shift();
      this.#at = 0;
    }
    return count;
  }

  [Symbol.dispose](): void {
    this.#pieces = [];
    this.#file?.close();
    this.#file = null;
  }
}

/** A file that nobody else can open, and that is gone when it is closed. */
function openNameless(dir: string | undefined): Deno.FsFile {
  const path = Deno.makeTempFileSync({ dir, prefix: ".mailq-incoming-" });
  try {
    return Deno.openSync(path, { read: true, write: true });
  } finally {
    Deno.removeSync(path);
  }
}
