// How a drop file is laid out, and the strict reading of a message's fields. Both who writes drops
// (file.ts) and who reads them (read.ts) keep to it.

import type { DsnRequest, RecipientDsn } from "../../queue/dsn.ts";
import { MailqError } from "../../queue/errors.ts";
import { ID_LENGTH, normaliseId } from "../../queue/ids.ts";
import { type NewMessage, PRIORITIES } from "../../queue/message.ts";

// A drop file holds a batch of messages:
//
//   mailq-drop 1\n
//   message FFFFFFFFFFFFFFFF CCCCCCCCCCCCCCCC\n   sizes of what follows, in decimal digits
//   ...F bytes: the envelope and schedule as JSON...
//   ...C bytes: the message as it is sent...
//   (further messages)
//   end NNNNNNNNNNNNNNNN\n                        how many messages there were

const DIGITS = 16;

export const FIRST_LINE = "mailq-drop 1\n";
export const FRAME_BYTES = frameLine(0, 0).length;
/** What comes before the content of a message, at most: enough for the most recipients. */
export const MAX_FIELDS_BYTES = 8 * 1024 * 1024;
const MAX_RECIPIENTS = 10_000;
export const MAX_MESSAGES = 100_000;
/** How large a drop of more than one message may be. */
export const MAX_DROP_BYTES = 1024 ** 3;

const MAX_TEXT_CHARS = 1_000;
const MAX_TAGS = 100;
const MAX_CHANGES = 10;
/** As far as a JavaScript date goes, in ms. */
const LAST_TIME = 8.64e15;

/** What a drop says of a message. Who submitted it, what people see of its header and which message
 *  it replaces is not for the file to say. */
export type DroppedFields = Omit<NewMessage, "display" | "submitter" | "replaces">;

export function frameLine(fieldsBytes: number, contentBytes: number): string {
  return `message ${digits(fieldsBytes)} ${digits(contentBytes)}\n`;
}

export function lastLine(messages: number): string {
  return `end ${digits(messages)}\n`;
}

function digits(count: number): string {
  return String(count).padStart(DIGITS, "0");
}

/** What a frame's or the last line says. Throws `bad_message` for any other line. */
export function readFrame(
  line: string,
): { readonly fieldsBytes: number; readonly contentBytes: number } | { readonly messages: number } {
  const [, fields, content] = /^message (\d{16}) (\d{16})\n$/.exec(line) ?? [];
  if (fields !== undefined && content !== undefined) {
    return { fieldsBytes: Number(fields), contentBytes: Number(content) };
  }
  const [, messages] = /^end (\d{16})\n/.exec(line) ?? [];
  if (messages === undefined) throw broken("a frame is damaged");
  return { messages: Number(messages) };
}

/** The fields of a message as they stand in a drop. Throws `bad_message` where `decodeFields` would
 *  not take them: it is told now, not when nobody waits for the answer any more. */
export function encodeFields(message: DroppedFields): Uint8Array {
  const { dsn = null, changes = [] } = message;
  const bytes = new TextEncoder().encode(JSON.stringify({
    id: message.id,
    sender: message.sender,
    recipients: message.recipients,
    priority: message.priority,
    created_at: message.createdAt,
    send_at: message.sendAt,
    expires_at: message.expiresAt,
    held: message.isHeld,
    tags: message.tags,
    key: message.key,
    dsn: dsn && { ret: dsn.ret, envid: dsn.envid, recipients: dsn.recipients },
    // Left out where there are none, as programs of before do.
    ...(changes.length === 0 ? {} : { changes }),
  }));
  decodeFields(bytes);
  return bytes;
}

/** Reads fields that anybody may have written: each must be there, of its type and within its
 *  bounds, and no other. Addresses are only known to be texts. Throws `bad_message`. */
export function decodeFields(bytes: Uint8Array): DroppedFields {
  if (bytes.length > MAX_FIELDS_BYTES) {
    throw broken(`its envelope has ${bytes.length} bytes, more than ${MAX_FIELDS_BYTES}`);
  }
  const fields = new Fields(parseObject(bytes), "");
  const recipients = fields.list("recipients", (value) => text(value, "a recipient"));
  if (recipients.length === 0) throw broken("recipients is empty");
  if (recipients.length > MAX_RECIPIENTS) {
    throw broken(`there are ${recipients.length} recipients, more than ${MAX_RECIPIENTS}`);
  }
  const tags = fields.list("tags", (value) => text(value, "a tag"));
  if (tags.length > MAX_TAGS) throw broken(`there are ${tags.length} tags, more than ${MAX_TAGS}`);
  if (tags.includes("")) throw broken("a tag is empty");
  const read = {
    id: fields.read("id", idOf),
    sender: fields.read("sender", (value) => text(value, "the sender")),
    recipients,
    priority: fields.oneOf("priority", PRIORITIES),
    createdAt: fields.read("created_at", timeOf),
    sendAt: fields.orNull("send_at", timeOf),
    expiresAt: fields.orNull("expires_at", timeOf),
    isHeld: fields.read("held", (value) => value === true || value === false ? value : undefined),
    tags,
    key: fields.orNull("key", (value) => text(value, "the key") || undefined),
    dsn: fields.orNull("dsn", (value) => dsnOf(value, recipients.length)),
    ...(fields.has("changes") ? { changes: fields.list("changes", changeOf) } : {}),
  };
  fields.end();
  if ((read.changes?.length ?? 0) > MAX_CHANGES) throw broken("changes has too many entries");
  return read;
}

function parseObject(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw broken("its envelope is no JSON", cause);
  }
}

/** The members of a JSON object, each of which must be asked for. */
class Fields {
  readonly #left: Map<string, unknown>;

  constructor(value: unknown, readonly path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw broken(`${path || "its envelope"} is no object`);
    }
    this.#left = new Map(Object.entries(value));
  }

  /** `read` returns undefined for what it cannot use. */
  read<T>(name: string, read: (value: unknown) => T | undefined): T {
    const value = read(this.#left.get(name));
    if (value === undefined) throw broken(`${this.path}${name} cannot be used`);
    this.#left.delete(name);
    return value;
  }

  orNull<T>(name: string, read: (value: unknown) => T | undefined): T | null {
    return this.read<T | null>(name, (value) => value === null ? null : read(value));
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  oneOf<T extends string>(name: string, known: readonly T[]): T {
    return this.read(name, (value) => known.find((one) => one === value));
  }

  list<T>(name: string, read: (value: unknown) => T): T[] {
    return this.read(
      name,
      (value) => Array.isArray(value) ? value.map((one: unknown) => read(one)) : undefined,
    );
  }

  end(): void {
    const [name] = this.#left.keys();
    if (name !== undefined) {
      throw broken(`${JSON.stringify(this.path + name.slice(0, 40))} is no field of it`);
    }
  }
}

function idOf(value: unknown): string | undefined {
  if (typeof value !== "string" || value.length !== ID_LENGTH) return undefined;
  return normaliseId(value) === value ? value : undefined;
}

function timeOf(value: unknown): number | undefined {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return undefined;
  return value >= 0 && value <= LAST_TIME ? value : undefined;
}

/** One line of text, whole characters only. */
function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw broken(`${what} is no text`);
  if (value.length > MAX_TEXT_CHARS) {
    throw broken(`${what} has more than ${MAX_TEXT_CHARS} characters`);
  }
  if (/[\p{Cc}\p{Cs}]/u.test(value)) throw broken(`there are control characters in ${what}`);
  return value;
}

function changeOf(value: unknown): string {
  return text(value, "a change");
}

const RETURNS = ["full", "headers"] as const;
const NOTIFY = ["never", "success", "failure", "delay"] as const;

function dsnOf(value: unknown, recipients: number): DsnRequest {
  const fields = new Fields(value, "dsn.");
  const read = {
    ret: fields.orNull("ret", (ret) => RETURNS.find((known) => known === ret)),
    envid: fields.orNull("envid", (envid) => text(envid, "dsn.envid")),
    recipients: fields.list("recipients", (one) => one === null ? null : recipientDsnOf(one)),
  };
  fields.end();
  if (read.recipients.length !== recipients) throw broken("dsn.recipients has another length");
  return read;
}

function recipientDsnOf(value: unknown): RecipientDsn {
  const fields = new Fields(value, "dsn.recipients.");
  const read = {
    notify: fields.list("notify", (value) => {
      const known = NOTIFY.find((one) => one === value);
      if (known === undefined) throw broken("dsn.recipients.notify cannot be used");
      return known;
    }),
    orcpt: fields.orNull("orcpt", (orcpt) => text(orcpt, "dsn.recipients.orcpt")),
  };
  fields.end();
  if (read.notify.length > NOTIFY.length) throw broken("dsn.recipients.notify is too long");
  return read;
}

/** The error of a drop that is not as it must be. */
export function broken(why: string, cause?: unknown): MailqError {
  return new MailqError("bad_message", `Cannot take the drop: ${why}`, { cause });
}
