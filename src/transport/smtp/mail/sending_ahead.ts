// Sending ahead: the next message's commands go out behind a message's content, in the same write,
// so that a fast relay never waits for us. Here is what servers mean that cannot bear it, and the
// switch that ends it for a relay. The transport decides when, the transaction does it.

import type { Phase } from "../../../queue/outcome.ts";
import type { Verdict } from "./classify.ts";
import type { SmtpReply } from "./replies.ts";

/** Room for the commands of the next message. */
export const AHEAD_BYTES = 4_096;
/** A message to more recipients is not begun before the one before it is answered. */
export const AHEAD_RECIPIENTS = 20;

/** Whether commands may be sent ahead on the connections of one relay, which share this. */
export class SendingAhead {
  #isAllowed = true;

  get isAllowed(): boolean {
    return this.#isAllowed;
  }

  /** Ends it for good: a server that cannot bear it is not tried again. */
  forbid(): void {
    this.#isAllowed = false;
  }
}

/** What it means that a server does not bear commands before it has answered the content. It is not
 *  the message's fault, so the message goes out again on a connection where it is alone. */
export const NOT_BORNE: Verdict = { kind: "deferred", isRelayFault: false, next: "reconnect" };

/** The verdict on a refusal, of the message that commands were sent ahead for or of the one before
 *  it, if sending ahead seems to be the reason; else null. */
export function verdictOnSendingAhead(
  phase: Phase,
  { code, enhanced, raw }: Pick<SmtpReply, "code" | "enhanced" | "raw">,
): Verdict | null {
  if (code < 500) return null;
  // RFC 3463 3.6: 5.5.x is about the protocol.
  const isOfProtocol = phase === "mail" &&
    (code === 500 || code === 503 || enhanced?.startsWith("5.5.") === true);
  return isOfProtocol || /\bpipelin|\bsynchroni[sz]/i.test(raw) ? NOT_BORNE : null;
}
