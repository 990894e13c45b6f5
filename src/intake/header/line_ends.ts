import type { ContentFacts } from "../../queue/message.ts";

const LF = 10;
const CR = 13;
const DOT = 46;
const NOTHING: Uint8Array = new Uint8Array(0);

/** Gives text CRLF line ends, piece by piece, and notes what delivery must know of it. Bare LF and
 *  bare CR become CRLF and a missing last line end is added, so that no relay can read another
 *  end of message into it than we do (SMTP smuggling). Every other byte stays. Where pieces are
 *  cut makes no difference. */
export class LineEnds {
  /** The last byte taken in; the beginning of the text is the beginning of a line. */
  #last = LF;
  /** Bare line ends of the piece at hand. */
  #bare = 0;
  #sizeBytes = 0;
  #dotLines = 0;
  #isEightBit = false;
  #room = NOTHING;

  /** With `reusesRoom`, what `push` gives is good until the next push: a long text then leaves no
   *  garbage behind. */
  constructor(readonly reusesRoom = false) {}

  /** The bytes `piece` becomes: the same array where nothing changes. `isLast` adds the last line
   *  end if it is missing. */
  push(piece: Uint8Array, isLast = false): Uint8Array {
    const before = this.#last;
    if (piece.length > 0) {
      this.#survey(piece);
      this.#last = piece[piece.length - 1] ?? LF;
    }
    const after = isLast ? this.#missingEnd(piece.length) : NOTHING;
    const growth = this.#bare + after.length;
    const bytes = growth === 0 ? piece : this.#take(piece.length + growth);
    if (growth > 0) mend(piece, before, after, bytes);
    this.#bare = 0;
    this.#sizeBytes += bytes.length;
    return bytes;
  }

  /** What is known of the bytes given out so far. */
  facts(): ContentFacts {
    return {
      sizeBytes: this.#sizeBytes,
      dotLines: this.#dotLines,
      isEightBit: this.#isEightBit,
    };
  }

  #take(size: number): Uint8Array {
    if (!this.reusesRoom) return new Uint8Array(size);
    if (this.#room.length < size) this.#room = new Uint8Array(size);
    return this.#room.subarray(0, size);
  }

  #missingEnd(pieceLength: number): Uint8Array {
    if (this.#sizeBytes + pieceLength === 0 || this.#last === LF) return NOTHING;
    const missing = this.#last === CR ? [LF] : [CR, LF];
    this.#last = LF;
    return Uint8Array.from(missing);
  }

  /** Counts bare line ends, dots and 8-bit bytes of a piece that is not empty. */
  #survey(piece: Uint8Array): void {
    const size = piece.length;
    if (this.#last === CR && piece[0] !== LF) this.#bare++;
    const isLineStart = this.#last === LF || (this.#last === CR && piece[0] !== LF);
    if (isLineStart && piece[0] === DOT) this.#dotLines++;
    let seen = 0;
    // Four bytes at a time: 2.7 GB/s here, where a loop over bytes makes 1.3 and one of indexOf
    // calls 0.8. A view of words must begin at a multiple of four.
    const head = Math.min(size, -piece.byteOffset & 3);
    const begin = head < size ? piece.byteOffset + head : 0;
    const words = new Uint32Array(piece.buffer, begin, (size - head) >> 2);
    for (let at = 0; at < head; at++) {
      seen |= piece[at] ?? 0;
      this.#visit(piece, at);
    }
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? 0;
      seen |= word;
      // Whether one of the four is below 14. A borrow may say so wrongly, but never deny it.
      if (((word - 0x0e0e0e0e) & ~word & 0x80808080) !== 0) {
        const at = head + i * 4;
        for (let k = at; k < at + 4; k++) this.#visit(piece, k);
      }
    }
    for (let at = head + words.length * 4; at < size; at++) {
      seen |= piece[at] ?? 0;
      this.#visit(piece, at);
    }
    if ((seen & 0x80808080) !== 0) this.#isEightBit = true;
  }

  /** Counts a byte if it ends a line. A CR that ends the piece is the next piece's matter. */
  #visit(piece: Uint8Array, at: number): void {
    const byte = piece[at];
    if (byte === LF) {
      if ((at > 0 ? piece[at - 1] : this.#last) !== CR) this.#bare++;
      if (piece[at + 1] === DOT) this.#dotLines++;
    } else if (byte === CR && at + 1 < piece.length && piece[at + 1] !== LF) {
      this.#bare++;
      if (piece[at + 1] === DOT) this.#dotLines++;
    }
  }
}

/** Copies a piece into `bytes`, with CRLF for each bare line end and `after` at its end. `before` is
 *  the byte before the piece: a CR there is mended here. */
function mend(piece: Uint8Array, before: number, after: Uint8Array, bytes: Uint8Array): void {
  const size = piece.length;
  let to = 0;
  if (before === CR && size > 0 && piece[0] !== LF) bytes[to++] = LF;
  for (let at = 0; at < size; at++) {
    const byte = piece[at] ?? 0;
    if (byte > CR) bytes[to++] = byte;
    else {
      if (byte === LF && (at > 0 ? piece[at - 1] : before) !== CR) bytes[to++] = CR;
      bytes[to++] = byte;
      if (byte === CR && at + 1 < size && piece[at + 1] !== LF) bytes[to++] = LF;
    }
  }
  bytes.set(after, to);
}
