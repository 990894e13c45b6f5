// What becomes of a mail that a listener has accepted. Here a mail is told by its envelope whose it
// is: today all go into the queue. The dialogue before is src/intake/smtp's.

import type { Settings } from "../../config/settings.ts";
import type { IntakeWishes } from "../enqueue/options.ts";
import { enqueueInputs } from "../enqueue/enqueue.ts";
import type { SmtpEnvelope } from "../../intake/smtp/host.ts";
import type { Enqueuer } from "../../queue/ports/intake.ts";
import type { App } from "../app.ts";
import { type MessageText, smtpOptions, textInput } from "./smtp_intake.ts";

/** A mail that was accepted, and is nowhere yet. */
interface AcceptedMail {
  readonly envelope: SmtpEnvelope;
  readonly text: MessageText;
  /** What is known of its way here. */
  readonly wishes: IntakeWishes;
}

/** Keeps an accepted mail for good: once it resolves, to the id the client is told, the mail is on
 *  disk. Where it throws the mail is nowhere, and the client is told so. */
export type TakeMail = (mail: AcceptedMail) => Promise<string>;

/** Who takes the mail with this envelope. */
export function takerOf(_envelope: SmtpEnvelope, queue: TakeMail): TakeMail {
  return queue;
}

/** Puts mail into the queue. */
export function queueTaker(
  app: Pick<App, "clock" | "random" | "user" | "tell">,
  intake: Enqueuer,
  settings: () => Settings,
): TakeMail {
  return async ({ envelope, text, wishes }) => {
    const options = smtpOptions(app, settings(), envelope, wishes);
    const { messages: [one] } = await enqueueInputs(
      app,
      // It is sent by the service, not from here.
      { intake, queue: null },
      [textInput(text)],
      options,
    );
    return one?.id ?? "";
  };
}
