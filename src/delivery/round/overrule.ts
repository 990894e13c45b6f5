// The user's own word on what a failure means: first the rules of the settings, then the error
// handler. `hand_over.ts` calls it with what the relay said; what becomes of a recipient is then
// decided in `judge.ts`.

import type { Claim } from "../../queue/claim.ts";
import type { DeliveryOutcome, DeliveryReport } from "../../queue/ports/transport.ts";
import { type Rule, ruleFor } from "../../queue/policy/rule.ts";
import type { HandlerAnswer } from "../error_handler.ts";
import type { Judging } from "../options.ts";

/** An outcome as it is judged. */
export interface RuledOutcome extends DeliveryOutcome {
  /** The recipient is to get no mail from now on. */
  readonly suppresses: boolean;
}

/** What an outcome means by the rules. An acceptance stays one, and so does what may have been
 *  delivered. */
export function applyRules(outcome: DeliveryOutcome, rules: readonly Rule[]): RuledOutcome {
  const isRefusal = outcome.kind === "deferred" || outcome.kind === "failed";
  const rule = isRefusal ? ruleFor(rules, outcome) : null;
  if (rule === null) return { ...outcome, suppresses: false };
  return {
    ...outcome,
    kind: rule.action === "defer" ? "deferred" : "failed",
    // The settings know better whose fault it is.
    isRelayFault: false,
    suppresses: rule.action === "suppress",
  };
}

/** Who may say what an outcome means, and of what. */
interface Overruling {
  readonly relay: string;
  readonly judging: Pick<Judging, "rules" | "errorHandler">;
  /** Of the recipients that were not sent to, those that the error handler is asked about. */
  isAsked(outcome: DeliveryOutcome): boolean;
}

/** What each recipient's outcome means by the rules, and then by the error handler. */
export async function overrule(
  claim: Claim,
  { outcomes, host, error }: Pick<DeliveryReport, "outcomes" | "host" | "error">,
  { relay, judging: { rules, errorHandler }, isAsked }: Overruling,
): Promise<{ readonly outcomes: readonly RuledOutcome[]; readonly wantsReconnect: boolean }> {
  if (errorHandler === null) {
    const ruled = outcomes.map((outcome) => applyRules(outcome, rules));
    return { outcomes: ruled, wantsReconnect: false };
  }
  const ruled: RuledOutcome[] = [];
  let wantsReconnect = false;
  for (const [i, given] of outcomes.entries()) {
    const outcome = applyRules(given, rules);
    const recipient = claim.recipients[i];
    const isFailure = outcome.kind !== "sent" && recipient !== undefined && isAsked(given);
    const answer = !isFailure ? null : await errorHandler({
      id: claim.id,
      sender: claim.sender,
      recipient: recipient.address,
      relay,
      host,
      phase: outcome.phase ?? null,
      outcome: outcome.kind,
      code: outcome.code,
      enhanced: outcome.enhanced,
      reply: outcome.text,
      error,
      tries: recipient.tries + 1,
    });
    ruled.push(answer === null ? outcome : applyAnswer(outcome, answer));
    wantsReconnect ||= answer?.wantsReconnect ?? false;
  }
  return { outcomes: ruled, wantsReconnect };
}

function applyAnswer(outcome: RuledOutcome, answer: HandlerAnswer): RuledOutcome {
  // An uncertain outcome is tried again, too, and stays marked as uncertain; a fault of the relay
  // uses up no retry.
  if (answer.outcome === "deferred" && outcome.kind !== "failed") return outcome;
  return { ...outcome, kind: answer.outcome, isRelayFault: false, suppresses: false };
}
