// Content as SMTP wants it: a dot more where a line begins with one, and a dot alone at the end.
// Pure. The transaction packs a small message in one write, `stream_content.ts` sends a large one
// in pieces.

const LF = 10, CR = 13, DOT = 46;

/** Ends the content, whose own last line end comes before it (RFC 5321 4.1.1.4). */
export const FINAL_DOT = new Uint8Array([DOT, CR, LF]);

/** Doubles the dot of every line that begins with one (RFC 5321 4.5.2), in content that comes in
 *  pieces cut anywhere. */
export class DotStuffer {
  #isLineStart = true;

  /** The piece as it goes out; the piece itself where it has nothing to double. */
  stuff(piece: Uint8Array): Uint8Array {
    if (piece.length === 0) return piece;
    const dots: number[] = [];
    if (this.#isLineStart && piece[0] === DOT) dots.push(0);
    for (let lf = piece.indexOf(LF); lf >= 0; lf = piece.indexOf(LF, lf + 1)) {
      if (piece[lf + 1] === DOT) dots.push(lf + 1);
    }
    this.#isLineStart = piece[piece.length - 1] === LF;
    if (dots.length === 0) return piece;
    const stuffed = new Uint8Array(piece.length + dots.length);
    let from = 0;
    for (let i = 0; i < dots.length; i++) {
      const dot = dots[i] ?? 0;
      stuffed.set(piece.subarray(from, dot), from + i);
      stuffed[dot + i] = DOT;
      from = dot;
    }
    stuffed.set(piece.subarray(from), from + dots.length);
    return stuffed;
  }
}

/** Puts stuffed content and the final dot into `into` for a single write. Returns how much that
 *  is, or 0 where `into` has no room for it. */
export function packContent(content: Uint8Array, dotLines: number, into: Uint8Array): number {
  if (content.length + dotLines + FINAL_DOT.length > into.length) return 0;
  const stuffed = dotLines === 0 ? content : new DotStuffer().stuff(content);
  const size = stuffed.length + FINAL_DOT.length;
  if (size > into.length) return 0;
  into.set(stuffed);
  into.set(FINAL_DOT, stuffed.length);
  return size;
}
