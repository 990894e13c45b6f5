// The bytes of a source, read ahead and taken from by whoever's turn it is: commands and message
// texts of one stream. Called by the SMTP server and by sendmail's input.

import type { ByteSource } from "./files.ts";

const BUFFER_BYTES = 64 * 1024;

/** The bytes of a source, read ahead and taken from by whoever's turn it is. */
export class ReadAhead {
  readonly #room = new Uint8Array(BUFFER_BYTES);
  /** What was read and not yet taken; good until the next `more`. */
  bytes: Uint8Array = this.#room.subarray(0, 0);

  /** `beforeWait` is called before each read, which may take as long as it likes. */
  constructor(readonly source: ByteSource, readonly beforeWait: () => void = () => {}) {}

  /** Says that the first `count` bytes were taken. */
  take(count: number): void {
    this.bytes = this.bytes.subarray(count);
  }

  /** Reads at least one byte behind those that are there; false at the source's end. The room
   *  is 64 KB: whoever wants more of it at once gets false too. */
  more(): boolean {
    const kept = this.bytes.length;
    if (kept === BUFFER_BYTES) return false;
    this.#room.copyWithin(0, this.bytes.byteOffset, this.bytes.byteOffset + kept);
    this.bytes = this.#room.subarray(0, kept);
    this.beforeWait();
    const count = this.source.readSync(this.#room.subarray(kept));
    if (count === null) return false;
    this.bytes = this.#room.subarray(0, kept + count);
    return true;
  }
}
