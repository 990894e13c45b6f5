// What becomes of one recipient after an attempt: sent, failed, or deferred until when. Pure;
// `hand_over.ts` asks once for each recipient, when the rules have had their say (`overrule.ts`).

import type { ClaimedRecipient, RecipientChange } from "../../queue/claim.ts";
import { decideRetry, type RetryPolicy } from "../../queue/policy/retry.ts";
import type { RuledOutcome } from "./overrule.ts";

/** What a recipient's outcome is judged by. */
interface Judgement {
  readonly policy: RetryPolicy;
  /** Where the message's lifetime counts from. */
  readonly lifeFrom: number;
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
  /** When the sender's pause ends, where the relay refuses the sender. */
  readonly senderUntil: number | null;
}

/** How soon mail is tried again that a relay wants later. */
const THROTTLED_MS = 10_000;

/** Says what becomes of a recipient after an attempt. */
export function judge(
  recipient: ClaimedRecipient,
  outcome: RuledOutcome,
  by: Judgement,
): RecipientChange {
  const change = {
    n: recipient.n,
    address: recipient.address,
    outcome: outcome.kind,
    reason: null,
    nextAt: null,
    failures: recipient.failures,
    code: outcome.code,
    enhanced: outcome.enhanced,
    reply: outcome.text,
    suppresses: outcome.suppresses,
  };
  if (outcome.kind === "sent") return { ...change, state: "sent" };
  if (outcome.kind === "failed") return { ...change, state: "failed", reason: "permanent" };
  const isMails = outcome.blame === "mail";
  const decision = decideRetry(
    { failures: recipient.failures, lifeFrom: by.lifeFrom, isRelayFault: !isMails },
    by.policy,
    by,
  );
  const { failures } = decision;
  if (decision.kind === "give_up") {
    return { ...change, failures, state: "failed", reason: decision.reason };
  }
  return { ...change, failures, state: "deferred", nextAt: waitOf(outcome, by) ?? decision.nextAt };
}

/** When it is tried again, where something else than the retry policy says so; else null. */
function waitOf({ blame, waitMs }: RuledOutcome, { now, senderUntil }: Judgement): number | null {
  if (blame === "sender" && senderUntil !== null) return senderUntil;
  if (waitMs !== null) return now + waitMs;
  return blame === "throttling" ? now + THROTTLED_MS : null;
}
