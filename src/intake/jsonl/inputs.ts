// The messages of a source of JSON lines, each made when its turn comes. Called by app/enqueue for
// `enqueue --jsonl`. Lines are found by lines.ts, read by line_message.ts, composed by compose/.

import { errorText, MailqError } from "../../queue/errors.ts";
import { composeMessage, inputBytes } from "../compose/compose.ts";
import type { DraftPart, Party } from "../compose/draft.ts";
import type { IntakeOptions } from "../options.ts";
import { type ByteSource, fileInput, type Input } from "../sources/files.ts";
import type { Suggest } from "./fields.ts";
import { type LineMessage, readLine } from "./line_message.ts";
import { readLines } from "./lines.ts";

/** A line may always be this long; with a larger `max_size`, twice that. */
const LINE_BYTES = 64 * 1024 * 1024;

const PART_FIELDS: Readonly<Record<DraftPart, string>> = {
  from: "from",
  to: "to",
  cc: "cc",
  bcc: "bcc",
  replyTo: "reply_to",
  subject: "subject",
  headers: "headers",
  attachments: "attachments",
};

/** The messages of a source of JSON lines, each made when its turn comes. `prefix` goes before the
 *  line's number in errors. Throws `bad_message`, `bad_address` and `input_unreadable` that begin
 *  with the number of the line and the name of its field. Blank lines are none. */
export async function* jsonlInputs(
  name: string,
  source: ByteSource,
  prefix: string,
  options: IntakeOptions,
  suggest: Suggest,
): AsyncGenerator<Input> {
  const limit = Math.max(LINE_BYTES, 2 * options.settings.maxSizeBytes);
  for (const { number, bytes } of readLines(name, source, prefix, limit)) {
    const place = `${prefix}line ${number}`;
    try {
      const text = decode(bytes);
      if (text.trim() === "") continue;
      const line = await readLine(parseJson(text), { now: options.now, suggest });
      yield await lineInput(place, line, options);
    } catch (error) {
      throw located(place, error);
    }
  }
}

/** The message that a line from elsewhere says, with its bytes where they come beside it. Throws
 *  `bad_message` and `bad_address` that begin with the name of the field. */
export async function inputFromElsewhere(
  value: unknown,
  bytes: Uint8Array | null,
  options: IntakeOptions,
  suggest: Suggest,
): Promise<Input> {
  const { now } = options;
  const line = await readLine(value, { now, suggest, bytes, isFromElsewhere: true });
  return await lineInput("-", line, options);
}

const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/** A line's text. The strict way takes ten times as long, and only tells replacement characters that
 *  stand in the line from those that are made of bytes that are no UTF-8. */
function decode(bytes: Uint8Array): string {
  try {
    const text = decoder.decode(bytes);
    return text.includes("\ufffd") ? strictDecoder.decode(bytes) : text;
  } catch (cause) {
    throw new MailqError(
      "bad_message",
      "Cannot read it as UTF-8: a message of other bytes goes into raw_base64",
      { cause },
    );
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MailqError("bad_message", `Cannot read it as JSON: ${errorText(cause)}`, { cause });
  }
}

async function lineInput(
  place: string,
  line: LineMessage,
  options: IntakeOptions,
): Promise<Input> {
  const { content } = line;
  if (content.kind === "draft") return await draftInput(place, line, content.draft, options);
  if (line.to?.length === 0) throw new MailqError("bad_message", "to: expected an address");
  const own = queueOptions(line, options, {
    from: line.sender ?? (line.from === undefined ? undefined : addressText(line.from)),
    to: line.to?.map(addressText),
  });
  if (content.kind === "bytes") {
    return { name: place, options: own, read: () => inputBytes(content.bytes) };
  }
  const read = () => {
    try {
      return fileInput(content.path).read();
    } catch (error) {
      throw located(`${place}: path`, error);
    }
  };
  return { name: place, options: own, read };
}

async function draftInput(
  place: string,
  line: LineMessage,
  draft: Extract<LineMessage["content"], { kind: "draft" }>["draft"],
  options: IntakeOptions,
): Promise<Input> {
  const { settings, random } = options;
  // The null sender may stand in the envelope, but nobody writes as it.
  const flag = isNull(options.from) ? undefined : options.from;
  const from = draft.from ?? flag ?? settings.from;
  const { bytes, recipients } = await composeMessage({ ...draft, from }, {
    random,
    nameOf: (part) => PART_FIELDS[part],
    settings,
  });
  if (recipients.length === 0 && (options.to ?? []).length === 0) {
    throw new MailqError("bad_message", "to: expected an address in to, cc or bcc");
  }
  const own = queueOptions(line, options, {
    to: recipients.length > 0 ? recipients : undefined,
    from: line.sender,
  });
  const envelope: Partial<IntakeOptions> = {
    // The line's From is its sender, not the flag's.
    from: line.sender ?? (flag === undefined ? options.from : undefined),
    // Without a From of its own the message gets the envelope sender's.
    fromName: from === null ? "" : undefined,
  };
  return { name: place, options: { ...own, ...envelope }, read: () => bytes };
}

/** What the line says of how its message is queued; the call's options stand for the rest. */
function queueOptions(
  line: LineMessage,
  options: IntakeOptions,
  { from, to }: Pick<IntakeOptions, "from" | "to">,
): Partial<IntakeOptions> {
  return {
    from: from ?? options.from,
    to: to ?? options.to,
    priority: line.priority ?? options.priority,
    sendAt: line.sendAt ?? options.sendAt,
    expiresInMs: line.expiresInMs ?? options.expiresInMs,
    tags: line.tags.length === 0
      ? options.tags
      : [...new Set([...options.tags ?? [], ...line.tags])],
    key: line.key ?? options.key,
    isHeld: line.isHeld ?? options.isHeld,
  };
}

function isNull(sender: string | undefined): boolean {
  return sender !== undefined && /^\s*(?:<\s*>\s*)?$/.test(sender);
}

function addressText(party: Party): string {
  return typeof party === "string" ? party : party.address;
}

function located(place: string, error: unknown): unknown {
  if (!(error instanceof MailqError)) return error;
  return new MailqError(error.code, `${place}: ${error.message}`, { cause: error });
}
