// Turns CRLF into LF while a message goes by, in pieces cut anywhere. For mailboxes, for sendmail
// programs (`pieces.ts`) and for exports.

const LF = 10, CR = 13;
const NOTHING: Uint8Array = new Uint8Array(0);
const ONE_CR = Uint8Array.of(CR);

/** Turns CRLF into LF, piece by piece, wherever pieces are cut. The queue's messages have no other
 *  line ends than CRLF, so nothing is lost by it: LF back to CRLF gives the same bytes. */
export class LfLines {
  #holdsCr = false;

  /** The bytes that `piece` becomes; the piece itself where nothing changes. */
  push(piece: Uint8Array): Uint8Array {
    if (piece.length === 0) return piece;
    const holdsCr = this.#holdsCr;
    this.#holdsCr = piece[piece.length - 1] === CR;
    if (!holdsCr && piece.indexOf(CR) < 0) return piece;
    const lines = new Uint8Array(piece.length + 1);
    let size = 0;
    if (holdsCr && piece[0] !== LF) lines[size++] = CR;
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i] ?? 0;
      if (byte === CR && (i + 1 === piece.length || piece[i + 1] === LF)) continue;
      lines[size++] = byte;
    }
    return lines.subarray(0, size);
  }

  /** What was held back when the text ended. */
  end(): Uint8Array {
    const held = this.#holdsCr ? ONE_CR : NOTHING;
    this.#holdsCr = false;
    return held;
  }
}
