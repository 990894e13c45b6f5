// What a report gives back of the message it is about: its header, or all of it where the sender asked for
// that (RET=FULL) and it is not large. Called by make_reports.ts.

import { scanHeader } from "../../intake/header/headers.ts";
import { MailqError } from "../../queue/errors.ts";
import type { MessageDetail } from "../../queue/message.ts";
import type { Reader } from "../../queue/ports/reader.ts";

interface Returned {
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
}

/** A larger message is returned by its header alone, whatever was asked. */
const MOST_BYTES = 1024 * 1024;
/** And a longer header is cut at the end of a line. */
const HEADER_BYTES = 64 * 1024;

/** Null where its bytes were deleted when it was sent. Throws as the store does. */
export async function readReturned(
  store: Pick<Reader, "content">,
  { seq, sizeBytes, dsn }: Pick<MessageDetail, "seq" | "sizeBytes" | "dsn">,
  mayBeWhole: boolean,
): Promise<Returned | null> {
  const isWhole = mayBeWhole && dsn?.ret === "full" && sizeBytes <= MOST_BYTES;
  const bytes = await readBytes(store, seq, isWhole ? sizeBytes : HEADER_BYTES);
  if (bytes === null || isWhole) return bytes === null ? null : { bytes, isWhole };
  const { start, end } = scanHeader(bytes);
  const header = bytes.subarray(start, end);
  const isCut = end === HEADER_BYTES;
  return { bytes: isCut ? header.subarray(0, header.lastIndexOf(LF) + 1) : header, isWhole };
}

const LF = 10;

/** Up to so many bytes of a message. */
async function readBytes(
  store: Pick<Reader, "content">,
  seq: number,
  most: number,
): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(most);
  let length = 0;
  try {
    for await (const piece of store.content(seq)) {
      const part = piece.subarray(0, most - length);
      bytes.set(part, length);
      length += part.length;
      if (length === most) break;
    }
  } catch (error) {
    if (error instanceof MailqError && error.code === "input_unreadable") return null;
    throw error;
  }
  return bytes.subarray(0, length);
}

/** Whether the message is an answer or a report itself: such mail is never answered (RFC 3834 2). */
export function isAnswer({ bytes }: Returned): boolean {
  const { start, end } = scanHeader(bytes);
  const text = new TextDecoder("latin1").decode(bytes.subarray(start, end));
  return /^auto-submitted:\s*auto-replied/im.test(text) ||
    /^content-type:\s*multipart\/report\b/im.test(text);
}
