// What becomes of a mail that a listener has accepted. Here a mail is told by its envelope whose it
// is: what came back is noted with its message, all other goes into the queue. The dialogue before is
// src/intake/smtp's.

import type { Settings } from "../../config/settings.ts";
import type { IntakeWishes } from "../enqueue/options.ts";
import { enqueueInputs } from "../enqueue/enqueue.ts";
import { MailqError } from "../../queue/errors.ts";
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

/** Those who take mail. */
interface Takers {
  readonly queue: TakeMail;
  readonly bounced: TakeMail;
}

/** Who takes the mail with this envelope; mail comes back to `bounceAddress`, where there is one. */
export function takerOf(
  { recipients }: Pick<SmtpEnvelope, "recipients">,
  { queue, bounced }: Takers,
  bounceAddress: string | null,
): TakeMail {
  const isReturned = bounceAddress !== null &&
    recipients.every(({ recipient }) => isUnder(recipient, bounceAddress));
  return isReturned ? bounced : queue;
}

/** Whether `given` is the address, or the address with `+ANYTHING` in its local part. */
function isUnder(given: string, address: string): boolean {
  const split = (text: string) => text.toLowerCase().split(/@(?=[^@]*$)/);
  const [local = "", domain] = split(given);
  const [ours, ourDomain] = split(address);
  return domain === ourDomain && local.replace(/\+.*$/s, "") === ours;
}

/** Notes mail that came back. What speaks of no message of ours is refused: it has no sender, so nobody
 *  gets an answer. */
export function bouncedTaker(store: BouncedStore, settings: () => Settings): TakeMail {
  return async ({ envelope, text }) => {
    const { readBeginning }: typeof import("../bounced/read_beginning.ts") = await import(
      import.meta.resolve("../bounced/read_beginning.ts")
    );
    const { takeBounced }: typeof import("../bounced/take_bounced.ts") = await import(
      import.meta.resolve("../bounced/take_bounced.ts")
    );
    const end = await takeBounced(store, await readBeginning(textInput(text)), {
      returnedTo: envelope.recipients.map(({ recipient }) => recipient),
      suppressAfter: settings().bounce.suppressAfter,
    });
    if (end.id !== null) return end.id;
    throw new MailqError("bad_message", `Cannot take this mail for one that came back: ${end.why}`);
  };
}

type BouncedStore = Parameters<typeof import("../bounced/take_bounced.ts").takeBounced>[0];

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
