// Files that go into a message: read to their end within limits, or opened to be read once, and
// text decoded. Called by attachments.ts and the compose command.

import { MailqError } from "../../queue/errors.ts";
import { joinBytes } from "../../system/bytes.ts";
import { attempt, type ByteSource } from "../sources/files.ts";

const PIECE_BYTES = 256 * 1024;

/** Text from bytes. What is no UTF-8 is read as Windows-1252, which makes a text of anything. */
interface DecodedText {
  readonly text: string;
  readonly isUtf8: boolean;
}

/** Reads a source to its end. Throws `input_unreadable`, and `bad_message` for more than
 *  `limitBytes`. */
export function readWhole(name: string, source: ByteSource, limitBytes: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const piece = new Uint8Array(PIECE_BYTES);
    const count = attempt(name, () => source.readSync(piece));
    if (count === null) return joinBytes(pieces);
    size += count;
    checkFits(size, limitBytes);
    // A pipe gives little at a time: room that was not needed is not kept.
    pieces.push(count < PIECE_BYTES / 2 ? piece.slice(0, count) : piece.subarray(0, count));
  }
}

export function decodeText(bytes: Uint8Array): DecodedText {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), isUtf8: true };
  } catch {
    return { text: new TextDecoder("windows-1252").decode(bytes), isUtf8: false };
  }
}

/** Refuses content that makes a message over `max_size`, before it is put together. */
export function checkFits(sizeBytes: number, limitBytes: number): void {
  if (sizeBytes <= limitBytes) return;
  throw new MailqError(
    "bad_message",
    `Cannot queue a message of at least ${sizeBytes} bytes: max_size is ${limitBytes} bytes`,
  );
}

/** A file that is open to be read once, from its beginning. */
export class OpenFile {
  #isOpen = true;

  private constructor(
    readonly path: string,
    readonly file: Deno.FsFile,
    /** Null for a pipe: only its end tells. */
    readonly sizeBytes: number | null,
  ) {}

  /** Throws `input_unreadable`, also for a folder. */
  static open(path: string): OpenFile {
    return attempt(path, () => {
      const file = Deno.openSync(path);
      try {
        const { isDirectory, isFile, size } = file.statSync();
        if (isDirectory) throw new Deno.errors.IsADirectory();
        return new OpenFile(path, file, isFile ? size : null);
      } catch (error) {
        file.close();
        throw error;
      }
    });
  }

  readSync(into: Uint8Array): number | null {
    return attempt(this.path, () => this.file.readSync(into));
  }

  /** What is left of it, each piece an array of its own. */
  *pieces(): Generator<Uint8Array> {
    for (;;) {
      const piece = new Uint8Array(PIECE_BYTES);
      const count = this.readSync(piece);
      if (count === null) return;
      yield piece.subarray(0, count);
    }
  }

  close(): void {
    if (this.#isOpen) this.file.close();
    this.#isOpen = false;
  }
}
