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
}

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
  const decision = decideRetry(
    {
      failures: recipient.failures,
      lifeFrom: by.lifeFrom,
      isRelayFault: outcome.isRelayFault,
    },
    by.policy,
    by,
  );
  const { failures } = decision;
  return decision.kind === "again"
    ? { ...change, failures, state: "deferred", nextAt: decision.nextAt }
    : { ...change, failures, state: "failed", reason: decision.reason };
}
