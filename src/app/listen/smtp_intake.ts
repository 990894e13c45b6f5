// How mail that comes by SMTP goes in, whoever serves it: `sendmail -bs` or a listener. The dialogue
// is src/intake/smtp's, where mail goes is enqueue/destination.ts's.

import type { Settings } from "../../config/settings.ts";
import { readEnvelope } from "../../intake/address/envelope.ts";
import { scanHeader } from "../../intake/header/headers.ts";
import type { DsnWishes, IntakeOptions } from "../../intake/options.ts";
import type { SmtpEnvelope, SmtpText } from "../../intake/smtp/host.ts";
import { type Input, stdinInput, WHOLE_BYTES } from "../../intake/sources/files.ts";
import { fileError } from "../../store/file_errors.ts";
import { HeldBytes } from "../../intake/smtp/held_bytes.ts";
import { intakeOptions, type IntakeWishes, type OptionsApp } from "../enqueue/options.ts";

/** The options of mail that comes by SMTP: what the envelope says, and the rest by the settings. */
export function smtpOptions(
  app: OptionsApp,
  settings: Settings,
  { mail, recipients }: Pick<SmtpEnvelope, "mail" | "recipients">,
  wishes: IntakeWishes = {},
): IntakeOptions {
  return intakeOptions(app, settings, {
    ...TAKES_ENVELOPE,
    from: `<${mail.sender}>`,
    to: recipients.map((one) => `<${one.recipient}>`),
    dsn: dsnWishes({ mail, recipients }),
    ...wishes,
  });
}

const TAKES_ENVELOPE: IntakeWishes = {
  takesSenderFromHeader: false,
  qualifiesHeader: true,
  readsSchedule: false,
  headerRecipients: "never",
  noRecipientCode: "usage",
};

function dsnWishes(
  { mail, recipients }: Pick<SmtpEnvelope, "mail" | "recipients">,
): DsnWishes | undefined {
  const own = recipients.map((one) => one.dsn);
  if (!mail.asksDsn && own.every((one) => one === null)) return undefined;
  return { ret: mail.ret, envid: mail.envid, all: null, own };
}

/** Throws `bad_address` for a recipient that mail cannot be queued for. */
export async function checkSmtpRecipient(
  app: OptionsApp,
  settings: Settings,
  recipient: string,
): Promise<void> {
  const options = intakeOptions(app, settings, {
    ...TAKES_ENVELOPE,
    to: [`<${recipient}>`],
    from: "",
  });
  await readEnvelope(NOTHING, scanHeader(NOTHING), options);
}

const NOTHING = new Uint8Array(0);

/** A message's text while it comes. `memoryBytes` of it stay in memory, what is more goes to a file
 *  without a name in `folder`. Throws `disk_full` and `io_error`. */
export class MessageText extends HeldBytes implements SmtpText {
  override write(bytes: Uint8Array): void {
    try {
      super.write(bytes);
    } catch (error) {
      throw fileError("Cannot keep the message while it comes", error);
    }
  }
}

/** A message's text as an input of the queue. */
export function textInput(text: MessageText): Input {
  const bytes = text.inMemory();
  return bytes === null || bytes.length > WHOLE_BYTES
    ? stdinInput(text)
    : { name: "-", read: () => ({ kind: "whole", bytes }) };
}
