import type { DeliveryOutcome } from "../../queue/ports.ts";

/** Messages by which a relay shows whether it relays for us at all. */
const TRIAL_MESSAGES = 20;
// "Relay access denied" (Postfix), "relay not permitted" (Exim), "Unable to relay" (Exchange),
// "not in my list of allowed rcpthosts" (qmail), "Relaying denied" (Sendmail).
const DENIAL =
  /\brelay\w*\b.*\b(denied|not (permitted|allowed|authori[sz]ed)|prohibited|rejected)\b/i;
const INABILITY =
  /\b(unable|not (permitted|allowed|authori[sz]ed)|cannot|don't|do not)\b.*\brelay/i;

/** Whether a refusal says that the relay does not take our mail, whoever it is for. */
export function isRelayingDenied(outcome: DeliveryOutcome): boolean {
  return outcome.kind === "failed" && outcome.code !== null &&
    (DENIAL.test(outcome.text) || INABILITY.test(outcome.text) || /rcpthosts/i.test(outcome.text));
}

/** Tells a relay that refuses all our mail (a wrong login or address list: its fault) from one
 *  that refuses a recipient. Shared by all connections of a relay. */
export class RelayingTrial {
  #messages = 0;
  #hasTaken = false;

  /** The outcomes as they are to be reported. Until the relay has answered otherwise for any
   *  recipient of its first messages, "relaying denied" is its own fault. */
  judge(outcomes: readonly DeliveryOutcome[]): readonly DeliveryOutcome[] {
    if (this.#hasTaken) return outcomes;
    const answered = outcomes.filter((outcome) => outcome.code !== null && !outcome.isRelayFault);
    if (answered.length === 0) return outcomes;
    if (this.#messages < TRIAL_MESSAGES) {
      this.#messages++;
      this.#hasTaken = !answered.every(isRelayingDenied);
    }
    if (this.#hasTaken) return outcomes;
    return outcomes.map((outcome) =>
      isRelayingDenied(outcome) ? { ...outcome, kind: "deferred", isRelayFault: true } : outcome
    );
  }
}
