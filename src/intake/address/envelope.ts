// Whom a message is from and goes to: from the options, the header and the settings. Called by
// prepare.ts, resubmit.ts and the resend of a changed message. Reading lists is addresses.ts's
// work.

import type { DsnRequest, RecipientDsn } from "../../queue/dsn.ts";
import { MailqError } from "../../queue/errors.ts";
import { addressError, isAddress } from "./address_syntax.ts";
import { type AddressList, type ListedAddress, readAddresses } from "./addresses.ts";
import { type FieldKind, fieldText, type Header } from "../header/headers.ts";
import type { DsnWishes, IntakeOptions, IntakeSettings, LocalNames } from "../options.ts";

/** Whom a message is from and goes to, as SMTP will say it. */
export interface Envelope {
  /** Empty for the null sender. */
  readonly sender: string;
  /** At least one, without duplicates. */
  readonly recipients: readonly string[];
  /** With `redirect_to`, whom it would have gone to; else empty. */
  readonly redirected: readonly string[];
  /** What the options wish to be told, for the recipients as they stand here. */
  readonly dsn: DsnRequest | null;
  /** How recipients came of local names, such as `root → adm → ops@example.org`. */
  readonly ways: ReadonlyMap<string, string>;
  /** What the sender should know although the message was taken. */
  readonly warnings: readonly string[];
}

/** The recipients found so far. */
interface Gathered {
  /** By what makes two the same. */
  readonly merged: Map<string, Addressed>;
  readonly ways: Map<string, string>;
  readonly warnings: string[];
}

/** A recipient and what is to be told of it. */
interface Addressed {
  readonly address: string;
  readonly dsn: RecipientDsn | null;
}

/** Takes the envelope from the options and, where they leave it open, from the header. Throws
 *  `bad_address` for an entry that is not beyond doubt, and for want of any recipient
 *  `bad_message` or what the options say. */
export async function readEnvelope(
  bytes: Uint8Array,
  header: Header,
  options: IntakeOptions,
): Promise<Envelope> {
  const wishes = options.dsn;
  const common = wishes?.all ?? null;
  const gathered = await readRecipients(options.to ?? [], options, wishes);
  const { merged, ways, warnings } = gathered;
  if (takesHeaderRecipients(options)) {
    for (const [text, place] of recipientFields(bytes, header)) {
      await mergeList(gathered, await readAddresses(text, place), place, options, common);
    }
  }
  if (merged.size === 0) throw noRecipientError(options);
  const addressed = [...merged.values()];
  const recipients = addressed.map((one) => one.address);
  const sender = await readSender(bytes, header, options, warnings);
  const { redirectTo } = options.settings;
  const asked = (wished: readonly (RecipientDsn | null)[]) =>
    wishes === undefined ? null : { ret: wishes.ret, envid: wishes.envid, recipients: wished };
  if (redirectTo === null) {
    const dsn = asked(addressed.map((one) => one.dsn));
    return { sender, recipients, redirected: [], dsn, ways, warnings };
  }
  const target = await readOne(redirectTo, "redirect_to", options);
  const dsn = asked([common]);
  return { sender, recipients: [target], redirected: recipients, dsn, ways, warnings };
}

/** The settings by which given addresses are read. */
interface Given {
  readonly settings: Pick<
    IntakeSettings,
    "adminAddress" | "forceFrom" | "hostname" | "local" | "redirectTo"
  >;
}

/** The parts of an envelope that are given, by the same rules: for a message that is in the queue
 *  already. With `redirect_to` its recipient is given, whatever else is. */
export async function readGivenEnvelope(
  options: Pick<IntakeOptions, "from" | "to"> & Given,
): Promise<{
  readonly sender?: string;
  readonly recipients?: readonly string[];
  readonly warnings: readonly string[];
}> {
  const { from, to, settings } = options;
  const gathered = to === undefined ? undefined : await readRecipients(to, options);
  return {
    sender: from === undefined ? undefined : await readGivenSender(from, options),
    recipients: settings.redirectTo === null
      ? gathered && [...gathered.merged.values()].map((one) => one.address)
      : [await readOne(settings.redirectTo, "redirect_to", options)],
    warnings: gathered?.warnings ?? [],
  };
}

async function readRecipients(
  texts: readonly string[],
  options: Given,
  wishes?: DsnWishes,
): Promise<Gathered> {
  const gathered: Gathered = { merged: new Map(), ways: new Map(), warnings: [] };
  for (const [n, text] of texts.entries()) {
    const list = await readAddresses(text, "the recipients");
    if (list.addresses.length + list.nameless.length === 0) {
      throw addressError(text, "the recipients", "no address; expected name@example.org");
    }
    const dsn = wishes?.own?.[n] ?? wishes?.all ?? null;
    await mergeList(gathered, list, "the recipients", options, dsn);
  }
  return gathered;
}

function takesHeaderRecipients({ headerRecipients = "unless_given", to = [] }: IntakeOptions) {
  return headerRecipients === "always" || (headerRecipients === "unless_given" && to.length === 0);
}

const PLACES: Readonly<Partial<Record<FieldKind, string>>> = {
  "to": "To",
  "cc": "Cc",
  "bcc": "Bcc",
  "resent-to": "Resent-To",
  "resent-cc": "Resent-Cc",
  "resent-bcc": "Resent-Bcc",
};

/** The texts of To, Cc and Bcc, or of their Resent- forms if there are any. */
function* recipientFields(bytes: Uint8Array, header: Header): Generator<[string, string]> {
  const fields = header.fields.filter((field) => PLACES[field.kind] !== undefined);
  const isResent = fields.some((field) => field.kind.startsWith("resent-"));
  for (const field of fields) {
    if (field.kind.startsWith("resent-") !== isResent) continue;
    yield [fieldText(bytes, field), PLACES[field.kind] ?? ""];
  }
}

async function mergeList(
  gathered: Gathered,
  list: AddressList,
  place: string,
  options: Given,
  dsn: RecipientDsn | null,
): Promise<void> {
  const [nameless] = list.nameless;
  if (nameless !== undefined) {
    throw addressError(nameless, place, "no address; expected name@example.org");
  }
  const { merged } = gathered;
  for (const listed of list.addresses) {
    for (const address of await recipientAddresses(listed, options, gathered)) {
      const key = mergeKey(address);
      const known = merged.get(key);
      if (known === undefined) merged.set(key, { address, dsn });
      else if (known.dsn === null) merged.set(key, { ...known, dsn });
    }
  }
}

/** The addresses that an entry stands for: mail for a local name goes where its aliases lead, else to
 *  the administrator if there is one, so that cron's mail to `root` never travels to a
 *  stranger's. */
async function recipientAddresses(
  listed: ListedAddress,
  options: Given,
  { ways, warnings }: Gathered,
): Promise<readonly string[]> {
  const { adminAddress, local } = options.settings;
  if (!listed.isLocal && !mayBeLocal(listed.address, local)) return [listed.address];
  if (local === null) {
    return [
      adminAddress === null
        ? withHost(listed, options)
        : await readOne(adminAddress, "admin_address", options),
    ];
  }
  const { localMail }: typeof import("../aliases/local_mail.ts") = await import(
    import.meta.resolve("../aliases/local_mail.ts")
  );
  const mail = await localMail(listed, options.settings);
  if (mail === null) return [listed.address];
  warnings.push(...mail.warnings);
  for (const { address, way } of mail.ends) ways.set(address, way);
  return mail.ends.map(({ address }) => address);
}

/** Whether a domain can be this machine's: of any other nothing more has to be looked up. */
function mayBeLocal(address: string, local: LocalNames | null): boolean {
  if (local === null) return false;
  // Not queue/domain.ts, which nothing else loads at the start of enqueue.
  const domain = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
  return [local.host.toLowerCase(), "localhost"].some((host) =>
    domain === host || domain.startsWith(`${host}.`)
  );
}

/** Addresses are the same if their domains are in any case and their local parts to the letter
 *  (RFC 5321 2.4). */
function mergeKey(address: string): string {
  const at = address.lastIndexOf("@");
  return address.slice(0, at) + address.slice(at).toLowerCase();
}

async function readSender(
  bytes: Uint8Array,
  header: Header,
  options: IntakeOptions,
  warnings: string[],
): Promise<string> {
  const { settings, from, takesSenderFromHeader = true } = options;
  if (from !== undefined) return readGivenSender(from, options);
  if (settings.forceFrom !== null) return readOne(settings.forceFrom, "force_from", options);
  if (takesSenderFromHeader) {
    for (const kind of ["sender", "from"] as const) {
      try {
        const address = await firstAddress(bytes, header, kind, options);
        if (address !== null) return address;
      } catch (error) {
        // The field is not what the mail goes by: to lose the mail for it would help nobody.
        if (!(error instanceof MailqError) || error.code !== "bad_address") throw error;
        warnings.push(`${error.message}; another envelope sender was taken`);
      }
    }
  }
  if (settings.from !== null) return readOne(settings.from, "the setting from", options);
  return loginAddress(options);
}

function readGivenSender(from: string, options: Given): Promise<string> | string {
  // A bounce must stay one: a report that itself can bounce goes round for ever (RFC 5321 4.5.5).
  if (/^\s*(?:<\s*>\s*)?$/.test(from)) return "";
  const { forceFrom } = options.settings;
  return forceFrom === null
    ? readOne(from, "the sender", options)
    : readOne(forceFrom, "force_from", options);
}

/** The address of whoever runs the program. Any login will do: Windows domains and directories
 *  hand out some that no mailbox could have, and their mail has to be taken too. */
function loginAddress(options: IntakeOptions): string {
  const { user, hostname } = options.settings;
  const address = `${user}@${hostname}`;
  if (isAddress(address)) return address;
  if (isAddress(user)) return user;
  const legal = user.replace(/[^\w.+-]/g, "").replace(/^[.+-]+/, "").slice(0, MAX_LOGIN_LENGTH);
  return withHost({ address: legal || "nobody", isLocal: true }, options);
}

/** What any relay takes before the @ (RFC 5321 4.5.3.1.1). */
const MAX_LOGIN_LENGTH = 64;

/** The first address of the From or Sender fields; null if they have none. Throws `bad_address` for
 *  a field that cannot be read beyond doubt. */
export async function firstAddress(
  bytes: Uint8Array,
  header: Header,
  kind: "sender" | "from",
  options: IntakeOptions,
): Promise<string | null> {
  for (const field of header.fields) {
    if (field.kind !== kind) continue;
    const place = kind === "from" ? "From" : "Sender";
    const [first] = (await readAddresses(fieldText(bytes, field), place)).addresses;
    if (first !== undefined) return withHost(first, options);
  }
  return null;
}

/** The one address of a text, such as a flag's or a setting's value. */
async function readOne(text: string, place: string, options: Given): Promise<string> {
  const { addresses, nameless } = await readAddresses(text, place);
  const [first] = addresses;
  if (first === undefined || addresses.length + nameless.length !== 1) {
    throw addressError(text, place, "expected one address, such as name@example.org");
  }
  return withHost(first, options);
}

function withHost(listed: ListedAddress, options: Given): string {
  if (!listed.isLocal) return listed.address;
  const address = `${listed.address}@${options.settings.hostname}`;
  if (isAddress(address)) return address;
  throw addressError(address, "the envelope", "hostname is not the name of a host");
}

function noRecipientError({ noRecipientCode = "bad_message", headerRecipients }: IntakeOptions) {
  const where = headerRecipients === "never"
    ? "give at least one address"
    : headerRecipients === "always"
    ? "give one, or write one in a To, Cc or Bcc field"
    : "give one with --to, or in a To, Cc or Bcc field";
  return new MailqError(noRecipientCode, `Cannot queue a message without recipients: ${where}`);
}
