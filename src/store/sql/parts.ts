// Cuts a message's bytes into the rows of its body. The stores' stages put them into the queue, commit
// by commit.

import { MailqError } from "../../queue/errors.ts";

/** Cuts a stream of pieces of any size into the rows of a body: all but the last are exactly
 *  `partBytes` long, and none shares its bytes with a piece. An empty stream is one empty part.
 *  Throws `bad_message` for a message of more than `parts` rows (1 GB). */
export async function* cutIntoParts(
  pieces: AsyncIterable<Uint8Array>,
  { partBytes, parts: most }: { readonly partBytes: number; readonly parts: number },
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  let part = new Uint8Array(partBytes);
  let filled = 0;
  let parts = 0;
  for await (const piece of pieces) {
    for (let from = 0; from < piece.length;) {
      const taken = piece.subarray(from, from + partBytes - filled);
      part.set(taken, filled);
      filled += taken.length;
      from += taken.length;
      if (filled < partBytes) continue;
      if (++parts >= most) {
        throw new MailqError("bad_message", "Cannot queue a message of 1 GB or more");
      }
      yield part;
      part = new Uint8Array(partBytes);
      filled = 0;
    }
  }
  if (filled > 0 || parts === 0) yield part.slice(0, filled);
}
