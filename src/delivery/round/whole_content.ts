// Reads a message's bytes from the store while they go out, and sees that all of them are there.
// `hand_over.ts` uses it for messages whose bytes did not come with their claim.

import type { Claim } from "../../queue/claim.ts";
import type { Reader } from "../../queue/ports/reader.ts";

/** The bytes of a message in pieces; rejects before the last one if the store has not exactly
 *  all of them, so that no part of a message ever passes for the whole. */
export async function* wholeContent(store: Reader, claim: Claim): AsyncIterable<Uint8Array> {
  let foundBytes = 0;
  let last: Uint8Array | null = null;
  for await (const piece of store.content(claim.seq)) {
    if (last !== null) yield last;
    last = piece;
    foundBytes += piece.length;
  }
  if (foundBytes !== claim.sizeBytes) {
    throw new Error(
      `the stored message is damaged: ${foundBytes} of ${claim.sizeBytes} bytes found`,
    );
  }
  if (last !== null) yield last;
}
