// Serves SMTP over a stream of bytes and queues each message by itself (`sendmail -bs`). What a
// server says and obeys is src/intake/smtp's; whoever calls this owns the stream, and tells and
// sends what was queued.

import type { Settings } from "../../config/settings.ts";
import { readEnvelope } from "../../intake/address/envelope.ts";
import { scanHeader } from "../../intake/header/headers.ts";
import type { DsnWishes, IntakeOptions } from "../../intake/options.ts";
import { ReadAhead } from "../../intake/sources/read_ahead.ts";
import { type SmtpEnvelope, SmtpSession } from "../../intake/smtp/session.ts";
import { type ByteSource, stdinInput } from "../../intake/sources/files.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import { type Destination, type DestinationApp, openDestination } from "../enqueue/destination.ts";
import { enqueueInputs, type Queued } from "../enqueue/enqueue.ts";
import { intakeOptions, type IntakeWishes, type OptionsApp } from "../enqueue/options.ts";

/** The client of a conversation, and what its host does for it. */
export interface SmtpClient {
  readonly input: ByteSource;
  /** Takes a reply, which may wait for `flush`. */
  say(text: string): void;
  /** Gets the replies out; called before more is waited for. */
  flush(): void;
  /** Called once a message is on disk, to say so by `reply`, get that out, and send what is urgent
   *  from `queue` (null if it is not this process's to read). Must not reject. */
  onQueued(queued: Queued, queue: Store | null, reply: () => void): Promise<void>;
  /** Told of what went wrong through no fault of the mail: the client hears only that it did. */
  onFailure(error: unknown): void;
}

/** What serving SMTP needs. */
type SmtpApp = DestinationApp & OptionsApp;

/** Speaks SMTP with one client until it quits or its input ends. Throws `input_unreadable` where
 *  that comes in the middle of a message, which is then not queued. */
export async function serveSmtp(
  app: SmtpApp,
  settings: Settings,
  client: SmtpClient,
): Promise<void> {
  const optionsFor = (wishes: IntakeWishes): IntakeOptions =>
    intakeOptions(app, settings, {
      takesSenderFromHeader: false,
      qualifiesHeader: true,
      readsSchedule: false,
      headerRecipients: "never",
      noRecipientCode: "usage",
      ...wishes,
    });
  // Not before it is needed: a queue that cannot be opened is the message's misfortune, and the
  // next one may have more luck.
  let destination: Destination | null = null;
  const input = new ReadAhead(client.input, () => client.flush());
  const session = new SmtpSession(input, (text) => client.say(text), {
    hostname: settings.hostname,
    maxSizeBytes: settings.maxSizeBytes,
    async checkRecipient(recipient) {
      const empty = new Uint8Array(0);
      const options = optionsFor({ to: [`<${recipient}>`], from: "" });
      await readEnvelope(empty, scanHeader(empty), options);
    },
    async queue(envelope, text, onQueued) {
      const options = optionsFor({
        from: `<${envelope.mail.sender}>`,
        to: envelope.recipients.map((one) => `<${one.recipient}>`),
        dsn: wishesOf(envelope),
      });
      try {
        destination ??= await openDestination(app, settings);
        const queued = await enqueueInputs(app, destination, [stdinInput(text)], options);
        const [one] = queued.messages;
        await client.onQueued(queued, destination.queue, () => onQueued(one?.id ?? ""));
      } catch (error) {
        if (!(error instanceof MailqError)) client.onFailure(error);
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
