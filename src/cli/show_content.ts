import { sanitise } from "../display/sanitise.ts";
import type { Context } from "./context.ts";

/** What of a message is read to be shown. */
const SHOWN_BYTES = 1024 * 1024;

/** Prints a message's header, made safe for a terminal. */
export async function tellHeaders(
  context: Context,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const text = await readText(content);
  const end = text.indexOf("\n\n");
  context.output.line(safe(end < 0 ? text : text.slice(0, end)));
}

/** Prints a message's text: of a multipart message its first text part. */
export async function tellText(
  context: Context,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const bytes = await readBytes(content);
  const { default: PostalMime } = await import("postal-mime");
  const mail = await PostalMime.parse(bytes, { maxNestingDepth: 50 });
  if (mail.text !== undefined) context.output.line(safe(mail.text.trimEnd()));
  else if (mail.html !== undefined) {
    context.output.note("this message has HTML only; its source follows");
    context.output.line(safe(mail.html.trimEnd()));
  } else context.output.note("this message has no text");
}

function safe(text: string): string {
  return sanitise(text.replaceAll("\r\n", "\n"), "multi_line");
}

async function readText(content: AsyncIterable<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(await readBytes(content)).replaceAll("\r\n", "\n");
}

async function readBytes(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const bytes = new Uint8Array(SHOWN_BYTES);
  let filled = 0;
  for await (const piece of content) {
    const part = piece.subarray(0, SHOWN_BYTES - filled);
    bytes.set(part, filled);
    filled += part.length;
    if (filled === SHOWN_BYTES) break;
  }
  return bytes.subarray(0, filled);
}
