import { sanitise } from "../display/sanitise.ts";
import type { ShownContent } from "./data.ts";

/** What of a message is read to be shown. */
const SHOWN_BYTES = 256 * 1024;

/** Reads the beginning of a message for people: its header, its text, its source, all made safe
 *  for a terminal. */
export async function readContent(
  content: AsyncIterable<Uint8Array>,
  sizeBytes: number,
): Promise<ShownContent> {
  const bytes = await readBeginning(content);
  const raw = new TextDecoder().decode(bytes).replaceAll("\r\n", "\n");
  const end = raw.indexOf("\n\n");
  const { default: PostalMime } = await import("postal-mime");
  const mail = await PostalMime.parse(bytes, { maxNestingDepth: 50 });
  return {
    headers: safe(end < 0 ? raw : raw.slice(0, end)),
    text: mail.text === undefined ? null : safe(mail.text.trimEnd()),
    html: mail.html === undefined ? null : safe(mail.html.trimEnd()),
    raw: safe(raw),
    attachments: mail.attachments.map(({ filename, mimeType }) =>
      sanitise(`${filename ?? "unnamed"} (${mimeType})`)
    ),
    leftOut: Math.max(0, sizeBytes - bytes.length),
  };
}

function safe(text: string): string {
  return sanitise(text, "multi_line");
}

async function readBeginning(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of content) {
    const part = piece.subarray(0, SHOWN_BYTES - length);
    pieces.push(part);
    length += part.length;
    if (length >= SHOWN_BYTES) break;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
