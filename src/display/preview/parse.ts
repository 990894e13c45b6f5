// Takes a mail apart into fields, text and attachments, within limits. Called in the thread
// (parse_thread.ts), since a hostile mail may take long; the parser is the package postal-mime.

import type {
  AttachmentRequest,
  Preview,
  PreviewAttachment,
  PreviewLimits,
  PreviewRequest,
} from "./preview.ts";

type Attachment = import("postal-mime").Attachment;

/** Deeper than any mail that people write. */
const MAX_DEPTH = 50;
/** Mails within mails; each level is parsed anew. */
const MAX_MAIL_DEPTH = 3;
const MAX_NAME_CHARS = 1_000;
/** The longest value of a field, before it is decoded. */
const MAX_VALUE_CHARS = 16_384;

/** Takes the beginning of a mail apart; what is cut off ends where the bytes do. Throws what the
 *  parser throws at mail beyond its limits. */
export async function parsePreview(request: PreviewRequest): Promise<Preview> {
  const { limits } = request;
  const { default: PostalMime, decodeWords } = await import("postal-mime");
  const mail = await PostalMime.parse(request.bytes, {
    maxNestingDepth: MAX_DEPTH,
    maxRfc822NestingDepth: MAX_MAIL_DEPTH,
    maxHeadersSize: limits.maxBytes,
  });
  const isCut = request.isCut || mail.headers.length > limits.maxHeaders ||
    mail.attachments.length > limits.maxAttachments;
  const text = mail.text === undefined ? null : cut(mail.text, limits);
  const html = mail.html === undefined ? null : await readHtml(mail.html, limits);
  return {
    headers: mail.headers.slice(0, limits.maxHeaders).map(({ originalKey, value }) =>
      [
        originalKey.slice(0, MAX_NAME_CHARS),
        decodeWords(value.slice(0, MAX_VALUE_CHARS)),
      ] as const
    ),
    text: text?.text ?? null,
    html: html?.text ?? null,
    attachments: mail.attachments.slice(0, limits.maxAttachments).map((one, i) =>
      describe(one, request.isCut && i === mail.attachments.length - 1)
    ),
    isCut: isCut || text?.isCut === true || html?.isCut === true,
    failure: null,
  };
}

/** The bytes of an attachment, decoded. Throws if there is none, and what the parser throws. */
export async function parseAttachment(request: AttachmentRequest): Promise<Uint8Array> {
  const { default: PostalMime } = await import("postal-mime");
  const { attachments } = await PostalMime.parse(request.bytes, {
    maxNestingDepth: MAX_DEPTH,
    maxRfc822NestingDepth: MAX_MAIL_DEPTH,
  });
  const found = attachments[request.attachment];
  if (found === undefined) throw new Error("the mail has no such attachment");
  const { content } = found;
  return typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
}

function describe(attachment: Attachment, isCut: boolean): PreviewAttachment {
  return {
    name: attachment.filename?.slice(0, MAX_NAME_CHARS) ?? null,
    type: attachment.mimeType.slice(0, MAX_NAME_CHARS),
    sizeBytes: sizeOf(attachment),
    isCut,
  };
}

function sizeOf({ content }: Attachment): number {
  return typeof content === "string" ? content.length : content.byteLength;
}

interface Cut {
  readonly text: string;
  readonly isCut: boolean;
}

function cut(text: string, { maxChars }: PreviewLimits): Cut {
  return text.length <= maxChars
    ? { text, isCut: false }
    : { text: text.slice(0, maxChars), isCut: true };
}

async function readHtml(source: string, limits: PreviewLimits): Promise<Cut> {
  const { textOfHtml } = await import("./html_text.ts");
  const html = cut(source, limits);
  const text = cut(textOfHtml(html.text), limits);
  return { text: text.text, isCut: html.isCut || text.isCut };
}
