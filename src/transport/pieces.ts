// A message's bytes in order, from memory or from the store, as they are or with LF line ends. For
// the ways out other than SMTP, and for exports.

import type { Delivery } from "../queue/ports/transport.ts";
import { LfLines } from "./mailbox/lf_lines.ts";

/** The bytes of a message in order, however they are kept. */
export async function* piecesOf(content: Delivery["content"]): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) yield content;
  else yield* content();
}

/** The same with LF line ends. */
export async function* lfPiecesOf(content: Delivery["content"]): AsyncGenerator<Uint8Array> {
  const lines = new LfLines();
  for await (const piece of piecesOf(content)) yield lines.push(piece);
  yield lines.end();
}
