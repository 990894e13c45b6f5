// Whose fault it is that a recipient was not sent to: the rules of the settings say so first, then the
// table of refusals (`queue/policy/refusals.ts`), then the error handler. `hand_over.ts` calls it with
// what the relay said; what becomes of a recipient is then decided in `judge.ts`.

import type { Claim } from "../../queue/claim.ts";
import type { DeliveryOutcome, DeliveryReport } from "../../queue/ports/transport.ts";
import type { Phase } from "../../queue/outcome.ts";
import { readRefusal } from "../../queue/policy/refusals.ts";
import { isOwnRefusal, type Pause } from "../../queue/policy/pause.ts";
import { refusalKey } from "../../queue/policy/refusal_words.ts";
import { type Rule, ruleFor } from "../../queue/policy/rule.ts";
import { isOwnFault, type Suspicion } from "../../queue/policy/suspicion.ts";
import type { HandlerAnswer } from "../error_handler.ts";
import type { Judging } from "../options.ts";

/** Whose fault it is. `mail`: the recipient's or the message's own. `slowed`: this
 *  message alone is told again and again to come later. `unproven`: a 5xx that nobody
 *  knows; other mail will tell (`queue/policy/suspicion.ts`). */
export type Blame = "mail" | "relay" | "quota" | "sender" | "throttling" | "slowed" | "unproven";

/** An outcome as it is judged. */
export interface RuledOutcome extends Omit<DeliveryOutcome, "isRelayFault"> {
  readonly blame: Blame;
  /** What a person can do about it; null where nothing is known. */
  readonly hint: string | null;
  /** How long a rule lets it wait, in ms; null = as usual. */
  readonly waitMs: number | null;
  /** The recipient is to get no mail from now on. */
  readonly suppresses: boolean;
}

/** What each outcome means by the rules, and else by the table of refusals. An acceptance stays one,
 *  and so does what may have been delivered. */
export function blameAll(
  outcomes: readonly DeliveryOutcome[],
  rules: readonly Rule[],
): RuledOutcome[] {
  const isSomeSent = outcomes.some(({ kind }) => kind === "sent" || kind === "uncertain");
  return outcomes.map((outcome) => {
    const { kind, code, enhanced, text, phase = null, isRelayFault } = outcome;
    const plain: RuledOutcome = {
      kind,
      code,
      enhanced,
      text,
      phase,
      blame: isRelayFault ? "relay" : "mail",
      hint: null,
      waitMs: null,
      suppresses: false,
    };
    if (outcome.kind === "sent" || outcome.kind === "uncertain") return plain;
    const rule = ruleFor(rules, outcome);
    if (rule !== null) return byRule(plain, rule);
    const { about, hint } = readRefusal(outcome, outcome.phase ?? null);
    if (about === "recipient" || about === "message") return plain;
    // Where the relay took others of the same message it refuses this recipient, not us.
    if (about !== "throttling" && about !== "unknown" && isSomeSent) return plain;
    // Before the first message the relay knows nothing of its sender.
    if (isRelayFault && about === "sender") return plain;
    if (about !== "unknown") return { ...plain, kind: "deferred", blame: about, hint };
    const isUnproven = outcome.kind === "failed" && outcome.code !== null && !isSomeSent;
    return isUnproven ? { ...plain, kind: "deferred", blame: "unproven" } : plain;
  });
}

/** The settings know better whose fault it is. */
function byRule(outcome: RuledOutcome, { action, waitMs }: Rule): RuledOutcome {
  switch (action) {
    case "relay":
    case "sender":
      return { ...outcome, kind: "deferred", blame: action, waitMs };
    case "defer":
      return { ...outcome, kind: "deferred", blame: "mail", waitMs };
    default:
      return { ...outcome, kind: "failed", blame: "mail", suppresses: action === "suppress" };
  }
}

const SET_UP: readonly (Phase | null)[] = ["connect", "greeting", "tls", "hello", "auth"];
/** Replies that are given to one connection too many, whatever their words. */
const TOO_MANY: readonly (number | null)[] = [null, 421, 454];

/** Whether a message got no further than the opening of its connection, by what may as well be a
 *  limit of connections: without a word, or for the time being. A rule of the settings or a quota
 *  is none. */
export function isConnectionRefused(
  outcomes: readonly DeliveryOutcome[],
  rules: readonly Rule[],
): boolean {
  return outcomes.length > 0 && outcomes.every((outcome) => {
    const { kind, code, isRelayFault, phase = null } = outcome;
    if (kind !== "deferred" || !isRelayFault || !SET_UP.includes(phase)) return false;
    if (code !== null && Math.floor(code / 100) !== 4) return false;
    if (ruleFor(rules, outcome) !== null) return false;
    const { about } = readRefusal(outcome, phase);
    if (about === "quota") return false;
    return TOO_MANY.includes(code) || about === "throttling" || about === "unknown";
  });
}

/** What is known of relay, sender and message before an attempt. */
interface Known {
  /** The reply (`refusalKey`) by which the relay refuses whatever comes; null while it does not. */
  readonly refusal: string | null;
  /** What the relay is suspected of, by `refusalKey`. */
  readonly suspicions: ReadonlyMap<string, Suspicion>;
  /** The message was told to come later so often that it waits by the schedule. */
  readonly isToldOften: boolean;
  /** The sender's pause, also one that is over. */
  readonly pause: Pause | null;
}

/** What is known of the relay decides about a reply that nobody knows: it refuses everybody so, or
 *  it has refused this message so often that the message is at fault. What is known of the sender
 *  decides about a refusal of the sender: where its other mail was taken since, it is the message. */
export function withWhatIsKnown(
  outcome: RuledOutcome,
  claim: Pick<Claim, "seq">,
  known: Known,
): RuledOutcome {
  if (outcome.blame === "sender" && isOwnRefusal(known.pause, claim.seq)) {
    const isFinal = outcome.code !== null && outcome.code >= 500;
    return { ...outcome, kind: isFinal ? "failed" : "deferred", blame: "mail" };
  }
  if (outcome.blame === "throttling" && known.isToldOften) return { ...outcome, blame: "slowed" };
  if (outcome.blame !== "unproven") return outcome;
  const key = refusalKey(outcome);
  if (known.refusal === key) return { ...outcome, blame: "relay" };
  const isOwn = isOwnFault(known.suspicions.get(key) ?? null, claim.seq);
  return isOwn ? { ...outcome, kind: "failed", blame: "mail" } : outcome;
}

/** Who may say what an outcome means, and of what. */
interface Overruling {
  readonly relay: string;
  readonly judging: Pick<Judging, "rules" | "errorHandler">;
  /** Of the recipients that were not sent to, those that the error handler is asked about. */
  isAsked(outcome: Pick<DeliveryOutcome, "kind" | "code">): boolean;
}

/** What each recipient's outcome means by the rules and the table, and then by the error handler. */
export async function overrule(
  claim: Claim,
  { outcomes, host, error }: Pick<DeliveryReport, "outcomes" | "host" | "error">,
  { relay, judging: { rules, errorHandler }, isAsked }: Overruling,
): Promise<{ readonly outcomes: readonly RuledOutcome[]; readonly wantsReconnect: boolean }> {
  const blamed = blameAll(outcomes, rules);
  if (errorHandler === null) return { outcomes: blamed, wantsReconnect: false };
  const ruled: RuledOutcome[] = [];
  let wantsReconnect = false;
  for (const [i, outcome] of blamed.entries()) {
    const recipient = claim.recipients[i];
    const isFailure = outcome.kind !== "sent" && recipient !== undefined && isAsked(outcome);
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
  // uses up no retry. A reply that nobody knew is known now.
  if (answer.outcome === "deferred" && outcome.kind !== "failed") {
    return outcome.blame === "unproven" ? { ...outcome, blame: "mail" } : outcome;
  }
  return { ...outcome, kind: answer.outcome, blame: "mail", suppresses: false };
}
