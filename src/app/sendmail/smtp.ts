import { readEnvelope } from "../../intake/address/envelope.ts";
import { scanHeader } from "../../intake/header/headers.ts";
import type { DsnWishes, IntakeOptions } from "../../intake/options.ts";
import { ReadAhead } from "../../intake/sources/read_ahead.ts";
import { type SmtpEnvelope, SmtpSession } from "../../intake/smtp/session.ts";
import { stdinInput, translatedStdin } from "../../intake/sources/files.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Context } from "../../cli/frame/context.ts";
import {
  type Destination,
  enqueueInto,
  intakeSettings,
  openDestination,
} from "../enqueue/enqueue.ts";

/** `sendmail -bs`: speaks SMTP on stdin and stdout, and queues each message by itself. */
export async function serveSmtp(context: Context): Promise<void> {
  const { machine, output } = context;
  context.isConversation = true;
  const settings = await context.settings("intake");
  const base = { takesSenderFromHeader: false, readsSchedule: false } as const;
  const optionsFor = (fields: Partial<IntakeOptions>): IntakeOptions => ({
    ...base,
    headerRecipients: "never",
    noRecipientCode: "usage",
    settings: intakeSettings(settings, machine),
    now: context.now(),
    random: machine.random,
    ...fields,
  });
  // Not before it is needed: a queue that cannot be opened is the message's misfortune, and the
  // next one may have more luck.
  let destination: Destination | null = null;
  const input = new ReadAhead(translatedStdin(machine.stdin), () => output.flush());
  const session = new SmtpSession(input, (text) => output.text(text), {
    hostname: settings.hostname,
    maxSizeBytes: settings.maxSizeBytes,
    async checkRecipient(recipient) {
      const empty = new Uint8Array(0);
      await readEnvelope(
        empty,
        scanHeader(empty),
        optionsFor({ to: [`<${recipient}>`], from: "" }),
      );
    },
    async queue(envelope, text, onQueued) {
      const options = optionsFor({
        from: `<${envelope.mail.sender}>`,
        to: envelope.recipients.map((one) => `<${one.recipient}>`),
        dsn: wishesOf(envelope),
      });
      try {
        destination ??= await openDestination(context, settings);
        await enqueueInto(context, destination, [stdinInput(text)], options, ([enqueued]) => {
          onQueued(enqueued?.id ?? "");
          output.flush();
        });
      } catch (error) {
        // The client is told that something is wrong, its operator what.
        if (!(error instanceof MailqError)) output.failure(error);
        throw error;
      }
    },
  });
  await session.serve();
}

function wishesOf({ mail, recipients }: SmtpEnvelope): DsnWishes | undefined {
  const own = recipients.map((one) => one.dsn);
  if (!mail.asksDsn && own.every((one) => one === null)) return undefined;
  return { ret: mail.ret, envid: mail.envid, all: null, own };
}
