// Makes a message of its parts, for `mailq compose` and for JSON lines. Called by the command and
// by jsonl/inputs.ts; what comes out is taken in like any other input. Attachments are left to
// attachments.ts.

// Text and HTML are put together here, since nodemailer's composer takes fifty times as long; only
// parts with attachments are its work, below our own header.

import type { Random } from "../../system/time.ts";
import { joinBytes } from "../../system/bytes.ts";
import { type InputBytes, WHOLE_BYTES } from "../sources/files.ts";
import { boundaryText, plainPart, textPart, type Texts } from "./body.ts";
import type { ComposeTools, Draft } from "./draft.ts";
import { checkFits } from "./files.ts";
import { composeHeader } from "./header.ts";

/** A message put together, ready to be taken in. */
interface Composed {
  /** Its bytes, without Bcc; to be read once. */
  readonly bytes: InputBytes;
  /** Address lists with all that it goes to. */
  readonly recipients: readonly string[];
}

const PIECE_BYTES = 256 * 1024;
const encoder = new TextEncoder();

/** Puts a message together: UTF-8, no line over 998 bytes, no field or address that was not given.
 *  Throws `bad_address`, `bad_message`, and `input_unreadable` for an attachment. */
export async function composeMessage(draft: Draft, tools: ComposeTools): Promise<Composed> {
  const { text, recipients } = await composeHeader(draft, tools.nameOf, tools.settings);
  const texts = { html: draft.html, text: draft.text ?? await textVersion(draft.html) };
  checkFits((texts.html?.length ?? 0) + (texts.text?.length ?? 0), tools.settings.maxSizeBytes);
  const { attachments } = draft;
  if (attachments.length > 0) {
    const { composeWithAttachments }: typeof import("./attachments.ts") = await import(
      import.meta.resolve("./attachments.ts")
    );
    return { bytes: await composeWithAttachments(text, texts, attachments, tools), recipients };
  }
  return { bytes: inputBytes(composeTexts(text, texts, tools.random)), recipients };
}

async function textVersion(html: string | null): Promise<string | null> {
  if (html === null) return null;
  const { textOfHtml }: typeof import("./html_text.ts") = await import(
    import.meta.resolve("./html_text.ts")
  );
  return textOfHtml(html);
}

/** A message of text or html or both. Not by nodemailer's composer, which makes those with
 *  attachments: it takes 0.3 ms for one, this 6 µs. */
function composeTexts(header: string, { text, html }: Texts, random: Random): Uint8Array {
  const top = `${header}MIME-Version: 1.0\r\n`;
  const plain = html === null && text !== null ? plainPart(text) : null;
  if (plain !== null) return encoder.encode(top + plain);
  const parts = [];
  if (html === null || (text !== null && text !== "")) {
    parts.push(textPart("text/plain", text ?? ""));
  }
  if (html !== null) parts.push(textPart("text/html", html));
  const [first, second] = parts;
  if (first === undefined) throw new Error("a message without parts");
  if (second === undefined) {
    return joinBytes([encoder.encode(`${top}${first.fields}\r\n`), first.body]);
  }
  const boundary = `--${boundaryText(random)}`;
  const type = `Content-Type: multipart/alternative;\r\n boundary="${boundary.slice(2)}"\r\n\r\n`;
  return joinBytes([
    encoder.encode(`${top}${type}${boundary}\r\n${first.fields}\r\n`),
    first.body,
    encoder.encode(`\r\n${boundary}\r\n${second.fields}\r\n`),
    second.body,
    encoder.encode(`\r\n${boundary}--\r\n`),
  ]);
}

/** Bytes that are in memory as the bytes of an input. */
export function inputBytes(bytes: Uint8Array): InputBytes {
  if (bytes.length <= WHOLE_BYTES) return { kind: "whole", bytes };
  return {
    kind: "large",
    head: bytes.subarray(0, PIECE_BYTES),
    rest: piecesOf(bytes),
    close: () => {},
  };
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = PIECE_BYTES; at < bytes.length; at += PIECE_BYTES) {
    yield await Promise.resolve(bytes.subarray(at, at + PIECE_BYTES));
  }
}
