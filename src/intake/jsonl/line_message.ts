// What one JSON line says of a message, each field checked. Called by inputs.ts for lines that are
// objects; making the message of it is compose/'s work.

import { parseDuration } from "../../queue/durations.ts";
import { MailqError } from "../../queue/errors.ts";
import { PRIORITIES, type Priority } from "../../queue/message.ts";
import type { Attachment, Draft, HeaderLine, Party } from "../compose/draft.ts";
import { naming } from "../compose/draft.ts";
import { readAddresses } from "../address/addresses.ts";
import { controlAt } from "../header/headers.ts";
import { Fields, type Suggest } from "./fields.ts";
import { base64Bytes } from "../../system/bytes.ts";

const RECIPIENT_FIELDS = ["to", "cc", "bcc"] as const;
const ADDRESS_FIELDS = [...RECIPIENT_FIELDS, "reply_to"] as const;
const PART_FIELDS = [
  "subject",
  "text",
  "html",
  "attachments",
  "headers",
  "date",
  "language",
] as const;
const WHOLE_FIELDS = ["raw", "raw_base64", "path"] as const;
const QUEUE_FIELDS = [
  "sender",
  "priority",
  "send_at",
  "expires_in",
  "tags",
  "key",
  "hold",
] as const;
const LINE_FIELDS = ["from", ...ADDRESS_FIELDS, ...PART_FIELDS, ...WHOLE_FIELDS, ...QUEUE_FIELDS];
const PARTY_FIELDS = ["name", "address"];
const ATTACHMENT_FIELDS = ["path", "base64", "name", "type", "cid"];

/** What comes with a line, and what it may do. */
interface LineSurroundings {
  readonly now: number;
  readonly suggest: Suggest;
  /** The bytes of a whole message, where they do not stand in the line itself. */
  readonly bytes?: Uint8Array | null;
  /** Of a line that comes from elsewhere: its paths are not this machine's. */
  readonly isFromElsewhere?: boolean;
}

/** What a line says. */
export interface LineMessage {
  readonly content:
    | { readonly kind: "draft"; readonly draft: Draft }
    | { readonly kind: "bytes"; readonly bytes: Uint8Array }
    | { readonly kind: "file"; readonly path: string };
  /** From and to of the envelope of a whole message. */
  readonly from: Party | undefined;
  readonly to: readonly Party[] | undefined;
  readonly sender: string | undefined;
  readonly priority: Priority | undefined;
  readonly sendAt: number | undefined;
  readonly expiresInMs: number | undefined;
  readonly tags: readonly string[];
  readonly key: string | undefined;
  readonly isHeld: boolean | undefined;
}

/** Reads what a line's JSON says. Throws `bad_message` that begins with the name of the field. */
export async function readLine(
  value: unknown,
  surroundings: LineSurroundings,
): Promise<LineMessage> {
  const { now, suggest } = surroundings;
  const fields = new Fields(value, "", LINE_FIELDS, suggest);
  const from = readParties(fields, "from", suggest);
  if (from.length > 1) throw fields.error("from", fields.value("from"), "one address");
  for (const name of RECIPIENT_FIELDS) {
    for (const party of readParties(fields, name, suggest)) await refuseBareNames(name, party);
  }
  const expiresIn = fields.text("expires_in");
  return {
    content: await readContent(fields, from[0] ?? null, surroundings),
    from: from[0],
    to: fields.has("to") ? readParties(fields, "to", suggest) : undefined,
    sender: fields.text("sender"),
    priority: readPriority(fields),
    sendAt: await readTime(fields, "send_at", now),
    expiresInMs: expiresIn === undefined
      ? undefined
      : await naming("expires_in", () => asBadMessage(() => parseDuration(expiresIn))),
    tags: readTags(fields),
    key: readKey(fields),
    isHeld: fields.truth("hold"),
  };
}

async function readContent(
  fields: Fields,
  from: Party | null,
  surroundings: LineSurroundings,
): Promise<LineMessage["content"]> {
  const whole = WHOLE_FIELDS.filter((name) => fields.has(name));
  const [kind, second] = surroundings.bytes ? ["bytes", ...whole] : whole;
  if (kind === undefined) {
    return { kind: "draft", draft: await readDraft(fields, from, surroundings) };
  }
  const beside = second ??
    [...ADDRESS_FIELDS, ...PART_FIELDS].find((name) => name !== "to" && fields.has(name));
  if (beside !== undefined) {
    throw new MailqError(
      "bad_message",
      `${beside}: cannot stand beside ${kind}, which is a whole message` +
        (beside === "cc" || beside === "bcc" ? ": put all recipients in to" : ""),
    );
  }
  if (surroundings.bytes) return { kind: "bytes", bytes: surroundings.bytes };
  const text = fields.text(kind) ?? "";
  if (kind === "path") {
    if (surroundings.isFromElsewhere) throw fromElsewhere(fields, kind);
    return { kind: "file", path: text };
  }
  const bytes = kind === "raw" ? new TextEncoder().encode(text) : fromBase64(text, fields, kind);
  return { kind: "bytes", bytes };
}

async function readDraft(
  fields: Fields,
  from: Party | null,
  { now, suggest, isFromElsewhere = false }: LineSurroundings,
): Promise<Draft> {
  return {
    from,
    to: readParties(fields, "to", suggest),
    cc: readParties(fields, "cc", suggest),
    bcc: readParties(fields, "bcc", suggest),
    replyTo: readParties(fields, "reply_to", suggest),
    subject: fields.text("subject") ?? null,
    text: fields.text("text") ?? null,
    html: fields.text("html") ?? null,
    attachments: fields.list("attachments").map((value, i) => {
      const where = `attachments[${i}].`;
      const given = typeof value === "string" ? { path: value } : value;
      const attachment = new Fields(given, where, ATTACHMENT_FIELDS, suggest);
      if (isFromElsewhere && attachment.has("path")) throw fromElsewhere(attachment, "path");
      return readAttachment(attachment);
    }),
    headers: readHeaders(fields),
    date: await readTime(fields, "date", now) ?? null,
  };
}

function readParties(fields: Fields, name: string, suggest: Suggest): readonly Party[] {
  return fields.list(name).map((value, i): Party => {
    if (typeof value === "string") return value;
    if (typeof value !== "object" || value === null) {
      throw fields.error(name, value, "an address, {name, address}, or a list of them");
    }
    const where = Array.isArray(fields.value(name)) ? `${name}[${i}].` : `${name}.`;
    const party = new Fields(value, where, PARTY_FIELDS, suggest);
    const address = party.text("address");
    if (address === undefined) throw party.error("address", "", "an address");
    return { name: party.text("name") ?? null, address };
  });
}

/** In a program's data a name without a domain is a slip, and would be mail to this machine. What
 *  cannot be read is told where it is used. */
async function refuseBareNames(name: string, party: Party): Promise<void> {
  const text = typeof party === "string" ? party : party.address;
  if (text.includes("@") && !/[,:;]/.test(text)) return;
  const { addresses } = await readAddresses(text, name).catch(() => ({ addresses: [] }));
  const bare = addresses.find(({ isLocal }) => isLocal);
  if (bare === undefined) return;
  throw new MailqError(
    "bad_message",
    `${name}: Cannot use ${JSON.stringify(bare.address)}: expected a domain, as in ` +
      "name@example.org",
  );
}

function fromElsewhere(fields: Fields, name: string): MailqError {
  const expected = "the content itself: a file's name means nothing on this machine";
  return fields.error(name, fields.value(name), expected);
}

function readAttachment(fields: Fields): Attachment {
  const [path, base64] = [fields.text("path"), fields.text("base64")];
  const name = fields.text("name") ?? path?.split("/").pop();
  const shared = { type: fields.text("type") ?? null, cid: fields.text("cid") ?? null };
  if (path !== undefined && base64 === undefined && path !== "") {
    return { ...shared, name: name || "file", content: { path } };
  }
  if (path !== undefined || base64 === undefined) {
    throw new MailqError(
      "bad_message",
      `${fields.where.slice(0, -1)}: expected either path or base64`,
    );
  }
  if (name === undefined || name === "") throw fields.error("name", "", "a file name");
  return { ...shared, name, content: { bytes: fromBase64(base64, fields, "base64") } };
}

function readHeaders(fields: Fields): readonly HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (const [name, value] of fields.entries("headers")) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one !== "string") throw fields.error("headers", one, "texts as their values");
      lines.push({ name, value: one });
    }
  }
  const language = fields.text("language");
  if (language === undefined) return lines;
  // RFC 5646 2.1 in outline; several are a list (RFC 3282 2).
  if (!/^[a-z]{1,8}(?:-[a-z0-9]{1,8})*(?:, ?[a-z]{1,8}(?:-[a-z0-9]{1,8})*)*$/i.test(language)) {
    throw fields.error("language", language, "a language tag, such as de or pt-BR");
  }
  return [...lines, { name: "Content-Language", value: language }];
}

function readPriority(fields: Fields): Priority | undefined {
  const text = fields.text("priority");
  if (text === undefined) return undefined;
  const priority = PRIORITIES.find((name) => name === text.toLowerCase());
  if (priority !== undefined) return priority;
  throw fields.error("priority", text, `one of ${PRIORITIES.join(", ")}`);
}

async function readTime(fields: Fields, name: string, now: number): Promise<number | undefined> {
  const text = fields.text(name);
  if (text === undefined) return undefined;
  const { parseTime }: typeof import("../times.ts") = await import(
    import.meta.resolve("../times.ts")
  );
  return await naming(name, () => asBadMessage(() => parseTime(text, now)));
}

/** What would be wrong usage on the command line is a bad message in a line. */
async function asBadMessage<T>(step: () => Promise<T> | T): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof MailqError)) throw error;
    throw new MailqError("bad_message", error.message, { cause: error });
  }
}

function readTags(fields: Fields): readonly string[] {
  const tags = fields.texts("tags");
  const wrong = tags.find((tag) => tag.trim() === "" || controlAt(tag) >= 0);
  if (wrong !== undefined) throw fields.error("tags", wrong, "a text without control characters");
  return tags;
}

function readKey(fields: Fields): string | undefined {
  const key = fields.text("key");
  if (key === undefined || (key.trim() !== "" && controlAt(key) < 0)) return key;
  throw fields.error("key", key, "a text without control characters");
}

function fromBase64(text: string, fields: Fields, name: string): Uint8Array {
  const bytes = base64Bytes(text);
  if (bytes === null) throw fields.error(name, text, "base64");
  return bytes;
}
