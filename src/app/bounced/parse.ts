// Takes a returned mail apart: the parts for programs, the mail or header that came back, and the words.
// Called by take_bounced.ts; the MIME parser is the package postal-mime.

import type { ParsedBounce } from "./parsed.ts";
import { cutAtCopy, tellsOfEnd } from "./prose.ts";
import { readFeedback, readStatus, type StatusPart } from "./status_fields.ts";

type Email = import("postal-mime").Email;

/** Deeper than any report. */
const MAX_DEPTH = 20;
/** A returned mail may be large; what it says stands before that. */
const MOST_BYTES = 2 * 1024 * 1024;
const HEADER_CHARS = 64 * 1024;

/** Reads a mail; null if it is none that came back, or tells of no end. */
export async function parseBounce(bytes: Uint8Array): Promise<ParsedBounce | null> {
  const mail = await parseMail(bytes.subarray(0, MOST_BYTES));
  if (mail === null) return null;
  const parts = mail.attachments.map(({ mimeType, content }) => ({
    type: mimeType.toLowerCase(),
    text: typeof content === "string" ? content : new TextDecoder().decode(content),
  }));
  const textOf = (...types: string[]) =>
    parts.filter(({ type }) => types.includes(type)).map(({ text }) => text);
  const status = readPrograms(textOf);
  const words = mail.text ?? await wordsOfHtml(mail.html ?? "");
  const { prose, copy } = cutAtCopy(words);
  const returned = [
    ...textOf("message/rfc822", "message/global"),
    ...textOf("text/rfc822-headers", "message/global-headers"),
    ...status === null ? [copy] : [],
  ];
  const header = (name: string) =>
    mail.headers.filter(({ key }) => key === name).map(({ value }) => value);
  const failed = header("x-failed-recipients").flatMap((value) => value.split(/[\s,]+/));
  const from = mail.from?.address ?? "";
  const isEnd = status !== null || failed.length > 0 ||
    tellsOfEnd({ from, subject: mail.subject ?? "", prose });
  if (!isEnd) return null;
  return {
    returnedTo: ["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to"]
      .flatMap(header).flatMap(addressesOf),
    envid: status?.envid ?? null,
    messageIds: [
      ...returned.flatMap((text) => messageIdsOf(text.slice(0, HEADER_CHARS))),
      ...[...header("in-reply-to"), ...header("references"), ...header("x-ms-exchange-message-id")]
        .flatMap((value) => value.match(/<[^<>\s]+>/g) ?? []),
    ],
    reporter: status?.reporter ?? (/@(.+)$/.exec(from)?.[1] ?? null),
    recipients: status?.recipients ?? [],
    prose: status === null ? [...failed, prose].join("\n") : null,
  };
}

/** Null for what no parser takes. */
async function parseMail(bytes: Uint8Array): Promise<Email | null> {
  const { default: PostalMime } = await import("postal-mime");
  try {
    return await PostalMime.parse(bytes, {
      forceRfc822Attachments: true,
      maxNestingDepth: MAX_DEPTH,
      maxHeadersSize: MOST_BYTES,
    });
  } catch {
    return null;
  }
}

/** The first part made for programs; null where there is none. */
function readPrograms(textOf: (...types: string[]) => string[]): StatusPart | null {
  const [status] = textOf("message/delivery-status", "message/global-delivery-status");
  if (status !== undefined) {
    const read = readStatus(status);
    if (read.recipients.length > 0) return read;
  }
  const [feedback] = textOf("message/feedback-report");
  return feedback === undefined ? null : readFeedback(feedback);
}

function messageIdsOf(text: string): string[] {
  return [...text.matchAll(/^[ \t>]*message-id:\s*(<[^<>\s]+>)/gim)].map(([, id = ""]) => id);
}

function addressesOf(value: string): string[] {
  return value.match(/[^\s<>,;:"()]+@[^\s<>,;:"()]+/g) ?? [];
}

/** The text of HTML, for the few systems that send nothing else. */
async function wordsOfHtml(html: string): Promise<string> {
  const { textOfHtml }: typeof import("../../display/preview/html_text.ts") = await import(
    import.meta.resolve("../../display/preview/html_text.ts")
  );
  return textOfHtml(html.slice(0, HEADER_CHARS));
}
