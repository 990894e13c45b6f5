// Writes the header of a draft, and says whom it goes to. Called by compose.ts. Every address is
// checked here and every control character refused, so that no text can become a field.

import { quoted } from "../address/address_syntax.ts";
import { MailqError } from "../../queue/errors.ts";
import { readAddresses } from "../address/addresses.ts";
import { formatDate } from "../header/edit.ts";
import { asciiAddress } from "../../queue/domain.ts";
import { encodeList, encodeMailbox } from "./address_text.ts";
import {
  checkOneLine,
  type Draft,
  type DraftPart,
  type HeaderLine,
  naming,
  type PartName,
  type Party,
} from "./draft.ts";
import { field, MAX_LINE_BYTES, textField } from "./fold.ts";

/** A draft's header fields but those of its content, and whom it goes to. */
interface ComposedHeader {
  readonly text: string;
  /** Address lists with the recipients of To, Cc and Bcc. */
  readonly recipients: readonly string[];
}

/** Where local names such as `root` are at home; asked for only if there are any. */
interface LocalHost {
  readonly hostname: string;
}

/** Writes the header. Throws `bad_address` and `bad_message` for whatever could be read as more
 *  than what it is meant for. */
export async function composeHeader(
  draft: Draft,
  nameOf: PartName,
  host: LocalHost,
): Promise<ComposedHeader> {
  const recipients: string[] = [];
  const parties = async (part: DraftPart & keyof Draft, name: string, all: readonly Party[]) => {
    const lists: string[] = [];
    for (const party of all) {
      const { shown, addresses } = await naming(
        nameOf(part),
        () => readParty(party, name, host, part === "from"),
      );
      if (shown !== "") lists.push(shown);
      if (part !== "replyTo" && part !== "from") recipients.push(...addresses);
    }
    const text = lists.join(", ");
    return text === "" ? "" : await naming(nameOf(part), () => addressField(name, text));
  };
  const from = draft.from === null ? [] : [draft.from];
  let text = await parties("from", "From", from);
  text += await parties("to", "To", draft.to);
  text += await parties("cc", "Cc", draft.cc);
  await parties("bcc", "Bcc", draft.bcc);
  text += await parties("replyTo", "Reply-To", draft.replyTo);
  const { subject } = draft;
  if (subject !== null) {
    await naming(nameOf("subject"), () => checkOneLine(subject));
    text += textField("Subject", subject);
  }
  if (draft.date !== null) text += field("Date", formatDate(draft.date));
  for (const line of draft.headers) {
    text += await naming(nameOf("headers"), () => customField(line, host));
  }
  return { text, recipients };
}

async function readParty(
  party: Party,
  place: string,
  host: LocalHost,
  isOne = false,
): Promise<{ shown: string; addresses: readonly string[] }> {
  const text = typeof party === "string" ? party : party.address;
  const { addresses, nameless } = await readAddresses(text, place);
  const isMailbox = typeof party !== "string";
  const isBare = addresses.length === 1 && addresses[0]?.address === text.trim();
  if (nameless.length > 0 || (isMailbox && !isBare)) {
    throw new MailqError(
      "bad_address",
      `Cannot use ${quoted(nameless[0] ?? text)}: no address; expected name@example.org`,
    );
  }
  if (isOne && addresses.length !== 1) {
    throw new MailqError(
      "bad_address",
      `Cannot use ${quoted(text)} as ${place}: expected one address, such as name@example.org`,
    );
  }
  if (isMailbox && party.name !== null) checkOneLine(party.name);
  const localHost = addresses.some(({ isLocal }) => isLocal) ? host.hostname : null;
  const address = localHost === null ? text.trim() : `${text.trim()}@${localHost}`;
  return {
    shown: isMailbox ? encodeMailbox(party.name, address) : encodeList(text, localHost),
    addresses: addresses.map(({ address }) => asciiAddress(address)),
  };
}

function addressField(name: string, text: string): string {
  const folded = field(name, text);
  const isTooLong = folded.split("\r\n").some((line) => line.length > MAX_LINE_BYTES);
  if (!isTooLong) return folded;
  throw new MailqError("bad_address", `Cannot use ${quoted(text)}: a word in it is too long`);
}

/** Fields that have a flag or field of their own, or that are not the caller's to write. */
const RESERVED: Readonly<Record<string, string>> = {
  "from": "it has a place of its own",
  "to": "it has a place of its own",
  "cc": "it has a place of its own",
  "bcc": "it has a place of its own",
  "reply-to": "it has a place of its own",
  "subject": "it has a place of its own",
  "date": "it has a place of its own",
  "mime-version": "it is made from the parts of the message",
  "dkim-signature": "it cannot sign what is yet to be put together",
};
/** Of the Content- fields only these say nothing about how the parts are put together. */
const CONTENT_FIELDS = ["content-language", "content-features"];

async function customField({ name, value }: HeaderLine, host: LocalHost): Promise<string> {
  if (!/^[!-9;-~]{1,100}$/.test(name)) {
    throw new MailqError(
      "bad_message",
      `Cannot use ${quoted(name)} as a field's name: expected letters, digits and hyphens`,
    );
  }
  const lower = name.toLowerCase();
  const reason = Object.hasOwn(RESERVED, lower)
    ? RESERVED[lower]
    : lower.startsWith("content-") && !CONTENT_FIELDS.includes(lower)
    ? "it is made from the parts of the message"
    : lower.startsWith("resent-")
    ? "a new message was not sent before"
    : lower.startsWith("x-mail-queue-")
    ? "priority, time and expiry have places of their own"
    : undefined;
  if (reason !== undefined) {
    throw new MailqError("bad_message", `Cannot set the header field ${name}: ${reason}`);
  }
  checkOneLine(value);
  if (value.trim() === "") {
    throw new MailqError("bad_message", `Cannot set the header field ${name} to nothing`);
  }
  if (lower !== "sender") return textField(name, value);
  return field(name, (await readParty(value, "Sender", host, true)).shown);
}
