// Reads the beginning of a message for the detail screen and makes it safe for a terminal. Called
// by store_data.ts. Taking the mail apart is left to src/display/preview.

import type { Previewer } from "../../display/preview/previewer.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import { sanitise } from "../../display/sanitise.ts";
import type { ShownContent } from "./data.ts";
import { joinBytes } from "../../system/bytes.ts";

/** What of a message is read to be shown. */
const SHOWN_BYTES = 256 * 1024;
/** Keys are obeyed while a message is taken apart. */
const PATIENCE_MS = 10_000;

/** Reads the beginning of a message for people: its header, its text, what its HTML says, its
 *  source, all made safe for a terminal. */
export async function readContent(
  content: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  previewer: Previewer,
): Promise<ShownContent> {
  const bytes = await readBeginning(content);
  // One byte more than is read tells the previewer that there is more.
  const preview = await previewer.preview(bytes, { maxBytes: SHOWN_BYTES, timeoutMs: PATIENCE_MS });
  const shown = bytes.subarray(0, SHOWN_BYTES);
  return {
    headers: safe(preview.headers.map(([name, value]) => `${name}: ${value}`).join("\n")),
    text: preview.text === null ? null : safe(preview.text.trimEnd()),
    html: preview.html === null ? null : safe(preview.html.trimEnd()),
    raw: safe(new TextDecoder().decode(shown)),
    attachments: preview.attachments.map(({ name, type, sizeBytes, isCut }, i) => ({
      fileName: fileNameOf(name, i + 1),
      text: sanitise(`${name ?? "unnamed"} (${type}, ${isCut ? "over " : ""}${sizeBytes} bytes)`),
    })),
    failure: preview.failure === null ? null : sanitise(preview.failure),
    leftOut: Math.max(0, sizeBytes - shown.length),
  };
}

/** Reads an attachment of a message. Throws `bad_message` where it cannot be. */
export async function readAttachment(
  content: AsyncIterable<Uint8Array>,
  place: number,
  previewer: Previewer,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of content) {
    pieces.push(piece);
    length += piece.length;
    if (length > MOST_BYTES) {
      throw new MailqError("bad_message", "Cannot read the attachment: the mail is over 64 MB");
    }
  }
  try {
    return await previewer.attachment(joinBytes(pieces), place, PATIENCE_MS);
  } catch (error) {
    throw new MailqError("bad_message", `Cannot read the attachment: ${errorText(error)}`);
  }
}

/** A mail of more than this is not taken apart as a whole. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_NAME = 100;

/** The name of an attachment as a file's: whatever it was called, it stays in its folder. */
function fileNameOf(name: string | null, n: number): string {
  const safe = sanitise(name ?? "").replace(/[/\\:*?"<>|\u2400-\u2426\ufffd]/g, "_")
    .replace(/^[.\s-]+/, "").trim().slice(-MOST_NAME);
  return safe === "" ? `attachment-${n}` : safe;
}

function safe(text: string): string {
  return sanitise(text, "multi_line");
}

async function readBeginning(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of content) {
    const part = piece.subarray(0, SHOWN_BYTES + 1 - length);
    pieces.push(part);
    length += part.length;
    if (length > SHOWN_BYTES) break;
  }
  return joinBytes(pieces);
}
