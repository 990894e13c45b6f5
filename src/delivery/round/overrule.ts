import type { Claim } from "../../queue/claim.ts";
import type { Phase } from "../../queue/outcome.ts";
import type { DeliveryOutcome, DeliveryReport } from "../../queue/ports/transport.ts";
import { type Rule, ruleFor } from "../../queue/policy/rule.ts";

/** An outcome as it is judged. */
export interface RuledOutcome extends DeliveryOutcome {
  /** The recipient is to get no mail from now on. */
  readonly suppresses: boolean;
}

/** One recipient that a message was not sent to, as an error handler is told of it. */
export interface Failure {
  readonly id: string;
  readonly sender: string;
  readonly recipient: string;
  readonly relay: string;
  readonly host: string | null;
  /** Where in the conversation it was decided; null where there is none. */
  readonly phase: Phase | null;
  /** What it means if the handler does not say otherwise. */
  readonly outcome: "deferred" | "failed" | "uncertain";
  readonly code: number | null;
  readonly enhanced: string | null;
  readonly reply: string;
  /** The step that failed, where the reply is not all there is to say. */
  readonly error: string | null;
  /** Tries so far, this one included. */
  readonly tries: number;
}

/** What an error handler makes of a failure. */
export interface Verdict {
  readonly outcome: "sent" | "deferred" | "failed";
  /** The connection is not to be used again. */
  readonly wantsReconnect: boolean;
}

/** Decides what a failure means; null leaves it as it is. Never rejects. */
export type ErrorHandler = (failure: Failure) => Promise<Verdict | null>;

export interface OverruleTools {
  readonly rules: readonly Rule[];
  readonly errorHandler: ErrorHandler | null;
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

/** What each recipient's outcome means by the rules and then by the error handler, which is asked
 *  of the recipients that `isAsked` names and that the message was not sent to. */
export async function overrule(
  claim: Claim,
  { outcomes, host, error }: Pick<DeliveryReport, "outcomes" | "host" | "error">,
  relay: string,
  tools: OverruleTools,
  isAsked: (outcome: DeliveryOutcome) => boolean,
): Promise<{ readonly outcomes: readonly RuledOutcome[]; readonly wantsReconnect: boolean }> {
  if (tools.errorHandler === null) {
    const ruled = outcomes.map((outcome) => applyRules(outcome, tools.rules));
    return { outcomes: ruled, wantsReconnect: false };
  }
  const ruled: RuledOutcome[] = [];
  let wantsReconnect = false;
  for (const [i, given] of outcomes.entries()) {
    const outcome = applyRules(given, tools.rules);
    const recipient = claim.recipients[i];
    const isFailure = outcome.kind !== "sent" && recipient !== undefined && isAsked(given);
    const verdict = !isFailure ? null : await tools.errorHandler({
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
    ruled.push(verdict === null ? outcome : applyVerdict(outcome, verdict));
    wantsReconnect ||= verdict?.wantsReconnect ?? false;
  }
  return { outcomes: ruled, wantsReconnect };
}

function applyVerdict(outcome: RuledOutcome, verdict: Verdict): RuledOutcome {
  // To be tried again is what an uncertain one is as well, and it stays marked; and a fault of
  // the relay uses up no retry.
  if (verdict.outcome === "deferred" && outcome.kind !== "failed") return outcome;
  return { ...outcome, kind: verdict.outcome, isRelayFault: false, suppresses: false };
}
