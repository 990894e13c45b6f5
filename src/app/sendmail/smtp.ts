// Serves SMTP over a stream of bytes and queues each message by itself (`sendmail -bs`). What a
// server says and obeys is src/intake/smtp's; whoever calls this owns the stream, and tells and
// sends what was queued.

import type { Settings } from "../../config/settings.ts";
import { OWN_PROCESS_LIMITS } from "../../intake/smtp/host.ts";
import { SmtpSession } from "../../intake/smtp/session.ts";
import { type ByteSource, stdinInput, WHOLE_BYTES } from "../../intake/sources/files.ts";
import { ReadAhead } from "../../intake/sources/read_ahead.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import { type Destination, type DestinationApp, openDestination } from "../enqueue/destination.ts";
import { enqueueInputs, type Queued } from "../enqueue/enqueue.ts";
import type { OptionsApp } from "../enqueue/options.ts";
import { checkSmtpRecipient, MessageText, smtpOptions } from "../listen/smtp_intake.ts";

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
 *  that comes in the middle of a message, which is then not queued. No Received field is added:
 *  nobody is at the other end but a program of this machine. */
export async function serveSmtp(
  app: SmtpApp,
  settings: Settings,
  client: SmtpClient,
): Promise<void> {
  // Not before it is needed: a queue that cannot be opened is the message's misfortune, and the
  // next one may have more luck.
  let destination: Destination | null = null;
  const input = new ReadAhead(client.input, () => client.flush());
  const session = new SmtpSession(input, (text) => client.say(text), {
    hostname: settings.hostname,
    maxSizeBytes: settings.maxSizeBytes,
    limits: OWN_PROCESS_LIMITS,
    security: null,
    drops: null,
    checkRecipient: (recipient) => checkSmtpRecipient(app, settings, recipient),
    newText: () => new MessageText({ memoryBytes: WHOLE_BYTES, isFileOptional: true }),
    async queue(envelope, text, onQueued) {
      const options = smtpOptions(app, settings, envelope);
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
