import PostalMime, { type Email } from "postal-mime";
import { composeMessage } from "../../../src/intake/compose/compose.ts";
import type { ComposeTools, Draft } from "../../../src/intake/compose/draft.ts";
import { prepareMessage } from "../../../src/intake/prepare.ts";
import { prepareStream } from "../../../src/intake/prepare_large.ts";
import type { InputBytes } from "../../../src/intake/sources/files.ts";
import { fixedRandom, intakeOptions, settings } from "../intake_options.ts";

/** A draft to rcpt@example.org. */
export function draftOf(changes: Partial<Draft> = {}): Draft {
  return {
    from: "ann@example.org",
    to: ["rcpt@example.org"],
    cc: [],
    bcc: [],
    replyTo: [],
    subject: "Hello",
    text: "Text\n",
    html: null,
    attachments: [],
    headers: [],
    date: null,
    ...changes,
  };
}

export const tools: ComposeTools = {
  random: fixedRandom,
  nameOf: (part) => `--${part}`,
  settings,
};

/** What becomes of a draft: its bytes as the queue gets them, and its envelope. */
export interface Taken {
  readonly bytes: Uint8Array;
  readonly recipients: readonly string[];
  readonly sender: string;
}

export async function take(draft: Draft): Promise<Taken> {
  const { bytes, recipients } = await composeMessage(draft, tools);
  const options = intakeOptions({ to: recipients, fromName: draft.from === null ? "" : undefined });
  if (bytes.kind === "whole") {
    const { message } = await prepareMessage(bytes.bytes, options);
    return { bytes: message.content, recipients: message.recipients, sender: message.sender };
  }
  try {
    const { message, pieces } = await prepareStream(bytes.head, bytes.rest, options);
    const all = await joined(pieces);
    return { bytes: all, recipients: message.recipients, sender: message.sender };
  } finally {
    bytes.close();
  }
}

/** All bytes of an input. */
export async function allOf(bytes: InputBytes): Promise<Uint8Array> {
  if (bytes.kind === "whole") return bytes.bytes;
  const rest = await joined(bytes.rest);
  return await joined([bytes.head, rest]);
}

async function joined(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) {
  const copies: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of pieces) copies.push(piece.slice());
  return new Uint8Array(await new Blob(copies).arrayBuffer());
}

export async function parse(bytes: Uint8Array): Promise<Email> {
  return await PostalMime.parse(bytes);
}

/** The names of the header's fields, in small letters and in their order. */
export function fieldNames(bytes: Uint8Array): string[] {
  const header = new TextDecoder().decode(bytes).split("\r\n\r\n")[0] ?? "";
  return header.split(/\r\n(?![ \t])/).map((line) =>
    line.slice(0, line.indexOf(":")).toLowerCase()
  );
}

/** The longest line in bytes, its end not counted. */
export function longestLine(bytes: Uint8Array): number {
  let longest = 0;
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(10, start);
    const stop = end < 0 ? bytes.length : end;
    longest = Math.max(longest, stop - start - (bytes[stop - 1] === 13 ? 1 : 0));
    start = stop + 1;
  }
  return longest;
}
