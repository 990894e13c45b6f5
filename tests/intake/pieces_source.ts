import type { ByteSource } from "../../src/intake/sources/files.ts";

/** A source that gives the bytes of `text` in pieces, one at each read. */
export function piecesSource(pieces: readonly (string | Uint8Array)[]): ByteSource {
  const waiting = pieces.map((piece) =>
    typeof piece === "string"
      ? Uint8Array.from(piece, (character) => character.charCodeAt(0))
      : piece
  );
  return {
    readSync(into) {
      const piece = waiting.shift();
      if (piece === undefined) return null;
      const count = Math.min(piece.length, into.length);
      into.set(piece.subarray(0, count));
      if (count < piece.length) waiting.unshift(piece.subarray(count));
      return count;
    },
  };
}

/** Cuts a text into pieces of 1 to `size` characters each. */
export function cut(text: string, size: number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += size) pieces.push(text.slice(at, at + size));
  return pieces;
}
