// Makes a message with attachments, by nodemailer's composer, below our own header. Called by
// compose.ts, which loads it for the first draft with an attachment.

import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { errorText, MailqError } from "../../queue/errors.ts";
import { joinBytes } from "../../system/bytes.ts";
import { type InputBytes, WHOLE_BYTES } from "../sources/files.ts";
import { boundaryText, fitsLines, type Texts } from "./body.ts";
import { quoted } from "../address/address_syntax.ts";
import { type Attachment, checkOneLine, type ComposeTools, naming } from "./draft.ts";
import { checkFits, OpenFile, readWhole } from "./files.ts";

const TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:; ?[\w-]+=[\w.+-]+)*$/;
/** In base64 three bytes are four, and a line of 76 ends with two more. */
const BASE64_GROWTH = 4 / 3 * 78 / 76;
const END_OF_HEADER = "\r\n\r\n";

/** A message with attachments below `header`; nodemailer makes the parts. Throws
 *  `input_unreadable` for a file that cannot be read, `bad_message` for a name, content type or
 *  Content-ID that cannot be used, or for more than `max_size`. */
export async function composeWithAttachments(
  header: string,
  texts: Texts,
  attachments: readonly Attachment[],
  tools: ComposeTools,
): Promise<InputBytes> {
  const open: OpenFile[] = [];
  const close = () => open.forEach((file) => file.close());
  try {
    checkContentIds(attachments);
    const parts: NodemailerPart[] = [];
    let size = header.length;
    for (const attachment of attachments) {
      const { part, sizeBytes } = await naming(
        tools.nameOf("attachments"),
        () => toPart(attachment, open, tools),
      );
      parts.push(part);
      size += Math.ceil(sizeBytes * BASE64_GROWTH);
      checkFits(size, tools.settings.maxSizeBytes);
    }
    const pieces = compile(header, texts, parts, tools);
    return await collect(pieces, close);
  } catch (error) {
    close();
    throw error;
  }
}

interface NodemailerPart {
  readonly filename: string;
  readonly contentType: string;
  readonly contentDisposition: "inline" | "attachment";
  readonly contentTransferEncoding: "base64" | "7bit" | "8bit";
  readonly cid: string | undefined;
  readonly content: Buffer | Readable;
}

async function toPart(
  { name, type, cid, content }: Attachment,
  open: OpenFile[],
  { settings: { maxSizeBytes } }: ComposeTools,
): Promise<{ readonly part: NodemailerPart; readonly sizeBytes: number }> {
  checkOneLine(name);
  const { detectMimeType } = await import("nodemailer/lib/mime-funcs");
  const contentType = type ?? detectMimeType(name);
  if (!TYPE.test(contentType) || /^multipart\//i.test(contentType)) {
    throw new MailqError(
      "bad_message",
      `Cannot use the content type ${quoted(contentType)}: expected one such as image/png`,
    );
  }
  const shared = {
    filename: name,
    cid: cid ?? undefined,
    contentDisposition: cid === null ? "attachment" : "inline",
  } as const;
  const file = "path" in content ? OpenFile.open(content.path) : null;
  if (file !== null) open.push(file);
  if (/^message\//i.test(contentType)) {
    // A message may not be encoded (RFC 2046 5.2.1): it goes as it is, or as a file of any kind.
    const bytes = "path" in content
      ? readWhole(content.path, file ?? OpenFile.open(content.path), maxSizeBytes)
      : content.bytes;
    const sizeBytes = bytes.length;
    if (/^message\/rfc822\b/i.test(contentType) && fitsLines(bytes) && hasPlainLines(bytes)) {
      const contentTransferEncoding = bytes.some((byte) => byte > 127) ? "8bit" : "7bit";
      return {
        part: { ...shared, contentType, contentTransferEncoding, content: buffer(bytes) },
        sizeBytes,
      };
    }
    return { part: asBase64("application/octet-stream", buffer(bytes)), sizeBytes };
  }
  if ("bytes" in content) {
    const { bytes } = content;
    return { part: asBase64(contentType, buffer(bytes)), sizeBytes: bytes.length };
  }
  const stream = Readable.from(file?.pieces() ?? [], { objectMode: false });
  return { part: asBase64(contentType, stream), sizeBytes: file?.sizeBytes ?? 0 };

  function asBase64(contentType: string, content: Buffer | Readable): NodemailerPart {
    return { ...shared, contentType, contentTransferEncoding: "base64", content };
  }
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether there is no bare CR, which would become a line end when the message is taken in. */
function hasPlainLines(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] !== 10) return false;
  }
  return true;
}

function checkContentIds(attachments: readonly Attachment[]): void {
  const seen = new Set<string>();
  for (const { cid } of attachments) {
    if (cid === null) continue;
    if (!/^[\w.+@-]{1,200}$/.test(cid)) {
      throw new MailqError(
        "bad_message",
        `Cannot use ${quoted(cid)} as a Content-ID, which html names as cid:…: expected ASCII ` +
          "letters, digits and . _ - + @; rename the file",
      );
    }
    if (seen.has(cid)) {
      throw new MailqError("bad_message", `Cannot use ${quoted(cid)} for two inline files`);
    }
    seen.add(cid);
  }
}

/** The message in pieces: our header, and nodemailer's but for what it adds to any message. */
async function* compile(
  header: string,
  { text, html }: Texts,
  attachments: readonly NodemailerPart[],
  { random }: ComposeTools,
): AsyncGenerator<Uint8Array> {
  const { default: MailComposer } = await import("nodemailer/lib/mail-composer");
  const stream = new MailComposer({
    ...(text === null ? {} : { text }),
    ...(html === null ? {} : { html }),
    attachments: [...attachments],
    baseBoundary: boundaryText(random),
    boundaryPrefix: "mailq",
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile().createReadStream();
  let top: Buffer | null = Buffer.alloc(0);
  for await (const piece of stream) {
    if (top === null) {
      yield piece;
      continue;
    }
    top = Buffer.concat([top, piece]);
    const end = top.indexOf(END_OF_HEADER);
    if (end < 0) continue;
    yield Buffer.from(header + contentFields(top.toString("utf8", 0, end)) + END_OF_HEADER);
    yield top.subarray(end + END_OF_HEADER.length);
    top = null;
  }
}

/** The header without the fields that a message gets when it is taken in. */
function contentFields(header: string): string {
  return header.split(/\r\n(?![ \t])/).filter((line) => !/^(?:date|message-id):/i.test(line))
    .join("\r\n");
}

/** All of the bytes if they are few, else the first ones and the means to read on. */
async function collect(
  pieces: AsyncGenerator<Uint8Array>,
  close: () => void,
): Promise<InputBytes> {
  const first: Uint8Array[] = [];
  let size = 0;
  while (size <= WHOLE_BYTES) {
    const next = await pieces.next().catch(rethrow);
    if (next.done) {
      close();
      return { kind: "whole", bytes: joinBytes(first) };
    }
    first.push(next.value);
    size += next.value.length;
  }
  return { kind: "large", head: joinBytes(first), rest: pieces, close };
}

/** What went wrong with a file is ours; anything else is the composer's. */
function rethrow(error: unknown): never {
  if (error instanceof MailqError) throw error;
  throw new MailqError("bad_message", `Cannot compose the message: ${errorText(error)}`, {
    cause: error,
  });
}
