// Tells a relay that refuses all our mail from one that refuses a recipient, by what it says of
// "relaying". The transport asks after each message; `relay.ts` makes one trial a relay.

import type { DeliveryOutcome } from "../../../queue/ports/transport.ts";

/** Messages by which a relay shows whether it relays for us at all. */
const TRIAL_MESSAGES = 20;
const DENIAL_CODES: readonly (number | null)[] = [550, 551, 553, 554];
// "Relay access denied" (Postfix), "relay not permitted" (Exim), "Unable to relay" (Exchange),
// "not in my list of allowed rcpthosts" (qmail), "Relaying denied" (Sendmail).
const DENIAL =
  /\brelay(ing)?\b.*\b(denied|not (permitted|allowed|authori[sz]ed)|prohibited|rejected)\b/i;
const INABILITY =
  /\b(unable|not (permitted|allowed|authori[sz]ed)|cannot|don't|do not)\b.*\brelay/i;
const RCPTHOSTS = /\brcpthosts\b/i;
/** What a reply quotes rather than says: what stands in angle brackets, addresses, and the names
 *  of hosts, which have dots or hyphens in them. */
const QUOTED = /<[^>]*>|[^\s@]+@[^\s@]+|\w+(?:[.-]\w+)+/g;

/** Whether a refusal says that the relay does not take our mail, whoever it is for. */
export function isRelayingDenied({ kind, code, enhanced, text }: DeliveryOutcome): boolean {
  if (kind !== "failed" || !DENIAL_CODES.includes(code)) return false;
  // The address itself is bad (RFC 3463 3.2).
  if (enhanced?.startsWith("5.1.")) return false;
  const said = text.replace(QUOTED, " ");
  return DENIAL.test(said) || INABILITY.test(said) || RCPTHOSTS.test(said);
}

/** Tells a relay that refuses all our mail (a wrong login or address list: its fault) from one
 *  that refuses a recipient. Shared by all connections of a relay. */
export class RelayingTrial {
  /** The messages that were denied, until there are enough of them. */
  readonly #denied = new Set<string>();
  #hasTaken = false;

  /** The outcomes of the message `id` as they are to be reported. As long as the relay has taken
   *  no recipient in this process, "relaying denied" fails nobody: it defers, which uses up a
   *  retry, and from the twentieth denied message on it is the relay's own fault, which does not.
   *  Once any recipient was taken, it is an ordinary failure. */
  judge(id: string, outcomes: readonly DeliveryOutcome[]): readonly DeliveryOutcome[] {
    this.#hasTaken ||= outcomes.some(({ kind }) => kind === "sent" || kind === "uncertain");
    if (this.#hasTaken || !outcomes.some(isRelayingDenied)) return outcomes;
    if (this.#denied.size < TRIAL_MESSAGES) this.#denied.add(id);
    const isRelayFault = this.#denied.size >= TRIAL_MESSAGES;
    return outcomes.map((outcome) =>
      isRelayingDenied(outcome) ? { ...outcome, kind: "deferred", isRelayFault } : outcome
    );
  }
}
