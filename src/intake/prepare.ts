// Makes a message for the queue of raw input: envelope, schedule and display from options and
// header, the few changes of product.md's Intake on its bytes. Every way in calls it; input that is
// too large for memory goes through prepare_large.ts.

import { MailqError } from "../queue/errors.ts";
import { makeId } from "../queue/ids.ts";
import type { NewMessage, WholeMessage } from "../queue/message.ts";
import { isAddress, quoted } from "./address/address_syntax.ts";
import { readSchedule } from "./header/control_fields.ts";
import {
  type AddedField,
  closeHeader,
  editHeader,
  formatDate,
  hasField,
  mayHoldBareName,
  type ReplacedFields,
  signedNames,
} from "./header/edit.ts";
import { type Envelope, firstAddress, readEnvelope } from "./address/envelope.ts";
import { readDisplay } from "./header/header_display.ts";
import { type FieldKind, hasBlankLine, type Header, scanHeader } from "./header/headers.ts";
import { hasLongLine, LineEnds } from "./header/line_ends.ts";
import type { IntakeOptions } from "./options.ts";
import { hexText } from "../system/bytes.ts";

/** A message ready for the queue. */
interface Prepared {
  readonly message: WholeMessage;
  /** What the sender should know although the message was taken. */
  readonly warnings: readonly string[];
}

/** Makes a message of raw RFC 5322 input: envelope and schedule are taken from options and header,
 *  and of the bytes only what product.md's Intake lists is changed. Where nothing changes the
 *  message holds `input` itself, so the caller must leave it alone. Throws `bad_address` and
 *  `bad_message`. */
export async function prepareMessage(
  input: Uint8Array,
  options: IntakeOptions,
  makePlan: Planner = planMessage,
): Promise<Prepared> {
  const header = scanHeader(input);
  const [bytes, plan] = await planLines(input, header, {
    options,
    plan: await makePlan(input, header, options),
  });
  const lines = new LineEnds();
  const content = lines.push(editAsPlanned(bytes, header, plan), true);
  checkSize(content.length, options, false);
  return {
    message: { ...plan.message, content, ...lines.facts() },
    warnings: plan.warnings,
  };
}

/** All that a message's header decides. */
export interface MessagePlan {
  readonly message: NewMessage;
  readonly added: readonly AddedField[];
  readonly replaced?: ReplacedFields;
  /** Fields that intake removes stay, unless others are added: it has seen these bytes before. */
  readonly keepsFields?: boolean;
  readonly warnings: readonly string[];
}

/** Decides on a message by its header. */
export type Planner = (
  bytes: Uint8Array,
  header: Header,
  options: IntakeOptions,
) => Promise<MessagePlan>;

/** The bytes of a message, or its beginning with all of its header, with what the plan changes. */
export function editAsPlanned(bytes: Uint8Array, header: Header, plan: MessagePlan): Uint8Array {
  return plan.keepsFields && plan.added.length === 0
    ? closeHeader(bytes, header)
    : editHeader(bytes, header, plan.added, plan.replaced);
}

/** The bytes and the plan with lines encoded that are too long for relays, if they may be. */
async function planLines(
  bytes: Uint8Array,
  header: Header,
  { options, plan }: { readonly options: IntakeOptions; readonly plan: MessagePlan },
): Promise<[Uint8Array, MessagePlan]> {
  const { longLines, maxSizeBytes } = options.settings;
  if (longLines === "keep" || !hasLongLine(bytes, header.end)) return [bytes, plan];
  const { encodeLines }: typeof import("./long_lines.ts") = await import(
    import.meta.resolve("./long_lines.ts")
  );
  const encoded = encodeLines(bytes, header);
  // Larger than before: that is no reason to lose it.
  if (encoded === null || encoded.bytes.length > maxSizeBytes) return [bytes, plan];
  const { message, added, replaced = [] } = plan;
  return [encoded.bytes, {
    ...plan,
    message: { ...message, changes: [...message.changes ?? [], encoded.change] },
    added: [...added, ...encoded.added],
    replaced: new Map([...replaced, ...encoded.replaced]),
  }];
}

/** Reads envelope, schedule and display from the header, and says which fields it lacks. */
export async function planMessage(
  bytes: Uint8Array,
  header: Header,
  options: IntakeOptions,
): Promise<MessagePlan> {
  const warnings: string[] = [];
  if (header.start === bytes.length) {
    throw new MailqError("bad_message", "Cannot queue nothing: the input is empty");
  }
  if (!hasBlankLine(bytes, header)) refuseCutBcc(bytes, header);
  if (options.key !== undefined) checkKey(options.key);
  const schedule = await readSchedule(bytes, header, options, warnings);
  const envelope = await readEnvelope(bytes, header, options);
  warnings.push(...envelope.warnings);
  const random = options.random.bytes(28);
  const id = options.id ?? makeId(random);
  const missing = await missingFields(bytes, header, options, envelope, async () => {
    const host = await idHost(bytes, header, options, envelope);
    return `<${id}.${hexText(random.subarray(12))}@${host}>`;
  });
  const trace = options.trace === undefined ? [] : await traced(bytes, header, options.trace(id));
  const mended = await mendAddresses(bytes, header, options);
  const kept = mended === null
    ? header
    : { ...header, fields: header.fields.filter((field) => !mended.replaced.has(field)) };
  const display = await readDisplay(bytes, kept, [...missing, ...mended?.shown ?? []]);
  const message = {
    id,
    sender: envelope.sender,
    recipients: envelope.recipients,
    ...schedule,
    createdAt: options.now,
    isHeld: options.isHeld ?? false,
    tags: options.tags ?? [],
    key: options.key ?? null,
    ...(envelope.dsn === null ? {} : { dsn: envelope.dsn }),
    ...(mended === null ? {} : { changes: mended.changes }),
    ...(options.submitter === undefined ? {} : { submitter: options.submitter }),
    display,
  };
  return {
    message,
    added: [...trace, ...missing, ...originalTo(envelope.redirected)],
    replaced: mended?.replaced,
    warnings,
  };
}

async function traced(bytes: Uint8Array, header: Header, value: string): Promise<AddedField[]> {
  const { traceFields }: typeof import("./header/trace.ts") = await import(
    import.meta.resolve("./header/trace.ts")
  );
  return traceFields(bytes, header, value);
}

/** The header with full addresses in place of bare names, and the From field that is forced; null
 *  where all of it stays. */
async function mendAddresses(bytes: Uint8Array, header: Header, options: IntakeOptions) {
  const { qualifiesHeader = false, settings: { headerFrom } } = options;
  if (!qualifiesHeader || headerFrom === "keep") return null;
  const isMended = headerFrom === "force" ||
    header.fields.some((field) =>
      ADDRESS_FIELDS.includes(field.kind) && mayHoldBareName(bytes, field)
    );
  if (!isMended) return null;
  const { mendHeader }: typeof import("./header/mend.ts") = await import(
    import.meta.resolve("./header/mend.ts")
  );
  return await mendHeader(bytes, header, options);
}

const ADDRESS_FIELDS: readonly FieldKind[] = ["from", "sender", "reply-to", "to", "cc"];

/** Refuses a header that breaks off above a Bcc field: that would be text, and everybody's to read,
 *  and its recipients would get nothing. */
function refuseCutBcc(bytes: Uint8Array, header: Header): void {
  if (header.fields.length === 0) return;
  const rest = new TextDecoder("latin1").decode(
    bytes.subarray(header.end, header.end + MAX_CUT_BYTES),
  );
  const [below = ""] = rest.replace(/\r?\r\n|\r/g, "\n").split("\n\n", 1);
  if (!/^(?:resent-)?bcc[ \t]*:/im.test(below)) return;
  const [line = ""] = below.split("\n", 1);
  throw new MailqError(
    "bad_message",
    `Cannot queue a message whose header breaks off above a Bcc field, at ${
      quoted(line.slice(0, 60))
    }: expected a field, a continuation that begins with a blank, or a blank line`,
  );
}

/** How far a plan looks for a Bcc field below a header that breaks off. */
export const MAX_CUT_BYTES = 64 * 1024;

/** Keys that begin with U+0001 are the store's own, of mail that is not yet in the queue. */
function checkKey(key: string): void {
  if (!key.startsWith("\u0001")) return;
  throw new MailqError(
    "usage",
    `Cannot use the key ${JSON.stringify(key)}: expected a text that begins with no control ` +
      "character",
  );
}

/** Refuses a message over `max_size`; `isPart` if more of it may follow. */
export function checkSize(sizeBytes: number, options: IntakeOptions, isPart: boolean): void {
  const { maxSizeBytes } = options.settings;
  if (sizeBytes <= maxSizeBytes) return;
  const size = isPart ? `at least ${sizeBytes}` : `${sizeBytes}`;
  throw new MailqError(
    "bad_message",
    `Cannot queue a message of ${size} bytes: max_size is ${maxSizeBytes} bytes`,
  );
}

async function missingFields(
  bytes: Uint8Array,
  header: Header,
  options: IntakeOptions,
  envelope: Envelope,
  makeMessageId: () => Promise<string>,
): Promise<AddedField[]> {
  const { fromName, now, settings } = options;
  const missing: AddedField[] = [];
  if (!hasField(header, "message-id")) {
    missing.push({ name: "Message-ID", value: await makeMessageId() });
  }
  if (!hasField(header, "date")) missing.push({ name: "Date", value: formatDate(now) });
  if (fromName !== undefined && !hasField(header, "from")) {
    const forced = settings.headerFrom === "force" ? settings.forceFrom : null;
    const address = forced ?? (envelope.sender || `${settings.user}@${settings.hostname}`);
    if (isAddress(address)) missing.push({ name: "From", value: await mailbox(fromName, address) });
  }
  if (missing.length === 0 || !hasField(header, "dkim-signature")) return missing;
  const signed = signedNames(bytes, header);
  return missing.filter((field) => !signed.has(field.name.toLowerCase()));
}

/** A mailbox of RFC 5322 3.4, the name in quotes or in encoded words. */
async function mailbox(name: string, address: string): Promise<string> {
  const text = name.replace(/\p{Cc}+/gu, " ").trim();
  if (text === "") return address;
  if (/^[ -~]*$/.test(text)) return `"${text.replace(/["\\]/g, "\\$&")}" <${address}>`;
  const { encodeWords }: typeof import("./header/encoded_words.ts") = await import(
    import.meta.resolve("./header/encoded_words.ts")
  );
  return `${encodeWords(text)} <${address}>`;
}

const ADDRESSES_PER_FIELD = 100;

/** `X-Mail-Queue-Original-To` with an address a line; a long list takes several fields. */
export function originalTo(addresses: readonly string[]): AddedField[] {
  const fields: AddedField[] = [];
  for (let at = 0; at < addresses.length; at += ADDRESSES_PER_FIELD) {
    const value = addresses.slice(at, at + ADDRESSES_PER_FIELD).join(",\r\n ");
    fields.push({ name: "X-Mail-Queue-Original-To", value });
  }
  return fields;
}

/** The right side of a Message-ID: the host's name if it is a full one, else the domain of From or of
 *  the envelope's sender. Receivers count `@localhost` and the like as a sign of spam. */
async function idHost(
  bytes: Uint8Array,
  header: Header,
  options: IntakeOptions,
  { sender }: Envelope,
): Promise<string> {
  const host = hostPart(options);
  if (host.includes(".")) return host;
  const from = await firstAddress(bytes, header, "from", options).catch(() => null);
  for (const address of [from ?? "", sender]) {
    const domain = address.slice(address.lastIndexOf("@") + 1);
    if (/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+$/.test(domain)) return domain;
  }
  return host;
}

/** The host in a form that can stand in a Message-ID, whatever the system calls itself. */
function hostPart({ settings }: IntakeOptions): string {
  const { hostname } = settings;
  if (/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(hostname)) return hostname;
  return hostname.replace(/[^A-Za-z0-9_.-]+/g, "").replace(/^\.+|\.+$|\.(?=\.)/g, "") ||
    "localhost";
}
