// Cuts a message's bytes into the rows of its body. stage.ts puts them into the file, commit by
// commit.

import { MailqError } from "../../../queue/errors.ts";
import { PART_BYTES, PARTS_PER_MESSAGE } from "../db/layout.ts";

/** Cuts a stream of pieces of any size into the rows of a body: all but the last are exactly
 *  PART_BYTES long, and none shares its bytes with a piece. An empty stream is one empty part.
 *  Throws `bad_message` beyond what a message's rows can hold (1 GB). */
export async function* cutIntoParts(
  pieces: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  let part = new Uint8Array(PART_BYTES);
  let filled = 0;
  let parts = 0;
  for await (const piece of pieces) {
    for (let from = 0; from < piece.length;) {
      const taken = piece.subarray(from, from + PART_BYTES - filled);
      part.set(taken, filled);
      filled += taken.length;
      from += taken.length;
      if (filled < PART_BYTES) continue;
      if (++parts >= PARTS_PER_MESSAGE) {
        throw new MailqError("bad_message", "Cannot queue a message of 1 GB or more");
      }
      yield part;
      part = new Uint8Array(PART_BYTES);
      filled = 0;
    }
  }
  if (filled > 0 || parts === 0) yield part.slice(0, filled);
}
