// Plans a message anew that another process of another user prepared and left in the drop folder.
// Called by app/drops; nothing that the drop says of itself is believed. What is planned for mail
// of our own is prepare.ts's work.

import { MailqError } from "../queue/errors.ts";
import type { NewMessage } from "../queue/message.ts";
import { addressError, isAddress } from "./address/address_syntax.ts";
import { readEnvelope } from "./address/envelope.ts";
import { readDisplay } from "./header/header_display.ts";
import type { Header } from "./header/headers.ts";
import type { IntakeOptions } from "./options.ts";
import { type MessagePlan, originalTo } from "./prepare.ts";

/** A message that another process prepared, by its word alone. */
export type Resubmitted = Omit<NewMessage, "display">;

/** Plans a message that went through intake already, in a process that need not have kept to its
 *  rules: every address is read again, `force_from` and `redirect_to` are applied where they were
 *  not, and the bytes of one that kept to the rules stay as they are. Throws `bad_address` and
 *  `bad_message`. */
export async function planResubmitted(
  message: Resubmitted,
  bytes: Uint8Array,
  header: Header,
  options: IntakeOptions,
): Promise<MessagePlan> {
  for (const address of [...message.sender === "" ? [] : [message.sender], ...message.recipients]) {
    if (!isAddress(address)) throw addressError(address, "the envelope", "it is no address");
  }
  const { sender, recipients, redirected } = await readEnvelope(bytes, header, {
    settings: options.settings,
    now: options.now,
    random: options.random,
    from: message.sender,
    to: message.recipients,
    headerRecipients: "never",
  });
  const read = redirected.length > 0 ? redirected : recipients;
  if (!isSame(read, message.recipients)) {
    throw new MailqError(
      "bad_address",
      "Cannot use the recipients: they can be read in another way",
    );
  }
  const isRedirected = redirected.length > 0 && !isSame(redirected, recipients);
  return {
    message: {
      ...message,
      sender,
      recipients,
      // What each recipient asked for is nothing the one address instead has asked for.
      dsn: isRedirected ? null : message.dsn,
      display: await readDisplay(bytes, header, []),
    },
    added: isRedirected ? originalTo(redirected) : [],
    keepsFields: true,
    warnings: [],
  };
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((address, i) => address === other[i]);
}
