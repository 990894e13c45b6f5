// Tells whether a relay refuses recipients because one transaction has too many of them: they then
// go in transactions of their own, and nobody fails for it. The transaction asks.

import type { Phase } from "../../../queue/outcome.ts";
import type { NextStep, Verdict } from "./classify.ts";
import type { SmtpReply } from "./replies.ts";

/** So many recipients refused one after another as too many end the envelope. */
const ENOUGH_IN_A_ROW = 10;

const PLAIN = /\btoo many\b[^.;]*\b(recipients?|rcpts?|addressees)\b|reciplimit/i;
// "Recipient count exceeds 50" (SES), "recipient limit exceeded", "reached maximum number of
// recipients allowed in one session" (chkuser).
const COUNTED =
  /\b(recipients?|rcpts?) (count|number|limit)\b|\b(max(imum)?|limit|number|exceed\w*)\b[^.;]*\b(recipients|rcpts)\b|\b(recipients|rcpts)\b[^.;]*\b(exceed\w*|limit|maximum)\b/i;
/** A limit by time or by client is none of the transaction's: "too many recipients this hour". */
const BY_TIME =
  /\b(per|this|last|an?|each) (second|minute|hour|day)|\btoday\b|\bdaily\b|\bhourly\b|\brates?\b|\bfrom\b/i;

/** Whether a refusal of a recipient, after others were accepted, means that this transaction takes
 *  no more. RFC 5321 4.5.3.1.10: 452 and 552 mean it, unless an enhanced code tells otherwise. */
function isTooManyRecipients(reply: Pick<SmtpReply, "code" | "enhanced" | "raw">): boolean {
  const { code, enhanced } = reply;
  if (code === 552 || code === 452 && enhanced === null) return true;
  return saysTooManyRecipients(reply);
}

/** Whether a refusal says so itself, by its enhanced code or in its words. */
function saysTooManyRecipients(
  { code, enhanced, raw }: Pick<SmtpReply, "code" | "enhanced" | "raw">,
): boolean {
  if (code < 400) return false;
  if (BY_TIME.test(raw)) return false;
  const subject = enhanced?.slice(1) ?? "";
  if (subject === ".5.3") return true;
  // A full or unknown mailbox has words in common with the second kind.
  return PLAIN.test(raw) || !/^\.[12]\./.test(subject) && COUNTED.test(raw);
}

/** The recipients of one transaction that the relay has accepted, and what it has said of there
 *  being too many. */
export class RecipientCount {
  #accepted = 0;
  #tooMany = 0;
  #tooManyInARow = 0;
  #limit: number | null = null;

  /** A recipient was accepted. */
  accept(): void {
    this.#accepted++;
    this.#tooManyInARow = 0;
  }

  /** A recipient was refused as one too many. */
  refuse(): void {
    this.#tooMany++;
    this.#tooManyInARow++;
  }

  /** Whether it is no use to name more: a relay that takes 100 is not asked 10,000 times. */
  get isEnough(): boolean {
    return this.#tooManyInARow >= ENOUGH_IN_A_ROW;
  }

  /** Whether this refusal of a recipient means that the transaction takes no more. */
  isFull(reply: SmtpReply): boolean {
    return this.#accepted > 0 && isTooManyRecipients(reply);
  }

  /** The connection ended with a refusal that means so: the next one gets no more. */
  keepLimit(): void {
    this.#limit = this.#accepted;
  }

  /** Whether the message was refused because of how many recipients it has: to fewer of them it may
   *  go at once. Exim (`recipients_max_reject`) refuses DATA where it has refused a recipient as one
   *  too many; others say only now that they were too many, and not how many would do. */
  isReason(reply: SmtpReply, { kind, next, isRelayFault }: Verdict, phase: Phase): boolean {
    const isWhole = phase === "data" || phase === "dot";
    if (!isWhole || kind === "sent" || next !== "continue" || isRelayFault) return false;
    const isMeant = phase === "data" && this.#tooMany > 0;
    const isSaid = this.#accepted > 1 && saysTooManyRecipients(reply);
    if (isMeant || isSaid) this.#limit = isMeant ? this.#accepted : this.#accepted >> 1;
    return isMeant || isSaid;
  }

  /** How many recipients the next transaction may have; null where nothing was learned. */
  get limit(): number | null {
    return this.#limit;
  }

  /** What comes next on a session that is still good. */
  get next(): NextStep {
    return this.#tooMany > 0 || this.#limit !== null ? "new_transaction" : "continue";
  }
}
