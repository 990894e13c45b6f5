// Prints the header or the text of a message, made safe for a terminal. Called by `show`. What the
// text of a message is src/display/preview finds out.

import { sanitise } from "../../display/sanitise.ts";
import type { Output } from "../frame/output.ts";

/** What of a message is read to be shown. */
const SHOWN_BYTES = 1024 * 1024;
/** Nobody types while a command works. */
const PATIENCE_MS = 10_000;

/** Prints a message's header, made safe for a terminal. */
export async function printHeaders(
  output: Output,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const text = await readText(content);
  const end = text.indexOf("\n\n");
  output.line(safe(end < 0 ? text : text.slice(0, end)));
}

/** Prints a message's text, or what its HTML says where it has no other. */
export async function printText(
  output: Output,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { previewMessage }: typeof import("../../display/preview/previewer.ts") = await import(
    import.meta.resolve("../../display/preview/previewer.ts")
  );
  const { text, html, isCut, failure } = await previewMessage(content, {
    maxBytes: SHOWN_BYTES,
    maxChars: SHOWN_BYTES,
    timeoutMs: PATIENCE_MS,
  });
  if (failure !== null) output.note(`shown as it is: ${failure}`);
  const shown = text ?? html;
  if (shown === null) return output.note("this message has no text");
  if (text === null) output.note("this message has HTML only; its text follows");
  output.line(safe(shown.trimEnd()));
  if (isCut) output.note("only the beginning of this message was read; --raw has all of it");
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
