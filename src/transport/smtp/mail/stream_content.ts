// Sends content of any size, piece by piece, and listens meanwhile for a server that has had
// enough. The transaction uses it for messages too large for one write (`packContent` in
// `content.ts`).

import type { Delivery } from "../../../queue/ports/transport.ts";
import type { Channel } from "../connection/channel.ts";
import { answeredTooMuch, ConnectionBroken } from "../connection/broken.ts";
import { DotStuffer, FINAL_DOT } from "./content.ts";
import type { SmtpReply } from "./replies.ts";

/** A write of content from memory. */
const BLOCK_BYTES = 262_144;
/** How long we look for the reply of a server that stopped taking content. */
const LAST_WORD_MS = 1_000;

/** Writes content of any size and the final dot, waiting at most `blockMs` for each piece to be
 *  taken. If the server stops taking it and says why, returns that reply. */
export async function streamContent(
  channel: Channel,
  { content, dotLines }: Delivery,
  blockMs: number,
): Promise<SmtpReply | null> {
  const stuffer = dotLines > 0 ? new DotStuffer() : null;
  try {
    channel.listen();
    for await (const piece of piecesOf(content)) {
      if (piece.length === 0) continue;
      channel.post(stuffer === null ? piece : stuffer.stuff(piece));
      await channel.flush(blockMs);
    }
    if (channel.hasHeard) {
      const early = await channel.reply(LAST_WORD_MS);
      if (early.code >= 400) return early;
      throw answeredTooMuch();
    }
    channel.post(FINAL_DOT);
    await channel.flush(blockMs);
    return null;
  } catch (error) {
    if (!(error instanceof ConnectionBroken) || error.kind !== "lost") throw error;
    const lastWord = await channel.reply(LAST_WORD_MS).catch(() => null);
    if (lastWord === null || lastWord.code < 400) throw error;
    return lastWord;
  }
}

async function* piecesOf(content: Delivery["content"]): AsyncIterable<Uint8Array> {
  if (!(content instanceof Uint8Array)) return yield* content();
  for (let at = 0; at < content.length; at += BLOCK_BYTES) {
    yield content.subarray(at, at + BLOCK_BYTES);
  }
}
