// What becomes of one recipient after an attempt: sent, failed, or deferred until when. Pure;
// `hand_over.ts` asks once for each recipient, when the rules have had their say (`overrule.ts`).

import type { Claim, ClaimedRecipient, RecipientChange } from "../../queue/claim.ts";
import { decideRetry, type RetryPolicy } from "../../queue/policy/retry.ts";
import { laterMs } from "../../queue/policy/throttle.ts";
import { UNCERTAIN_MS } from "../../queue/policy/longest_wait.ts";
import type { Judging, PassMachine } from "../options.ts";
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
  /** What may have been delivered is held for a person, and never given up. */
  readonly isUncertainHeld: boolean;
}

/** An attempt as its recipients are judged. */
interface Judged extends Pick<Judgement, "now" | "senderUntil"> {
  readonly judging: Pick<Judging, "policy" | "isUncertainHeld">;
  readonly machine: Pick<PassMachine, "random">;
  /** We stopped the transport ourselves. */
  readonly isStopped: boolean;
  /** No other relay is there to try where this one is at fault. */
  readonly isLast: boolean;
  /** The relay sees to the notices that the sender asked for. */
  readonly seesToNotices: boolean;
}

/** What becomes of each recipient. Where we stopped the transport ourselves, recipients that it
 *  did not get an answer for are left out. Those that another relay, or the same one a little
 *  later, is to be tried for stay `sending`. */
export function judgeAll(
  claim: Claim,
  outcomes: readonly RuledOutcome[],
  { judging, machine: { random }, now, senderUntil, isStopped, isLast, seesToNotices }: Judged,
): RecipientChange[] {
  const changes: RecipientChange[] = [];
  const isFault = outcomes.length > 0 &&
    outcomes.every(({ blame }) => blame === "relay" || blame === "quota");
  for (const [i, recipient] of claim.recipients.entries()) {
    const outcome = outcomes[i] ?? NO_OUTCOME;
    if (isStopped && isUnanswered(outcome)) continue;
    const change = judge(recipient, outcome, {
      ...judging,
      lifeFrom: claim.lifeFrom,
      now,
      random: random.unit(),
      senderUntil,
    });
    const isForMore = !isStopped && (isFault ? !isLast : outcome.blame === "throttling");
    if (isForMore) changes.push({ ...change, state: "sending", nextAt: null });
    else if (!seesToNotices && change.state === "sent" && wantsSuccess(recipient)) {
      changes.push({ ...change, owesNotice: true });
    } else changes.push(change);
  }
  return changes;
}

function wantsSuccess({ dsn }: ClaimedRecipient): boolean {
  return dsn?.notify.includes("success") ?? false;
}

/** The transport got no answer for this recipient, so nothing has happened. */
export function isUnanswered(outcome: Pick<RuledOutcome, "kind" | "code">): boolean {
  return outcome.kind === "deferred" && outcome.code === null;
}

/** What is known of a recipient that the transport told nothing of. */
export const NO_OUTCOME: RuledOutcome = {
  kind: "uncertain",
  code: null,
  enhanced: null,
  text: "the transport told nothing of this recipient",
  blame: "mail",
  hint: null,
  waitMs: null,
  suppresses: false,
};

/** So long after the sender's other mail a refused message is tried again: it may be the message that
 *  is refused, and is not to keep the others waiting. Longer than cron's `retry --due` takes. */
const REFUSED_LATER_MS = 10 * 60_000;

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
  if (outcome.kind === "uncertain" && by.isUncertainHeld) {
    const failures = recipient.failures + 1;
    return { ...change, failures, state: "deferred", nextAt: by.now + UNCERTAIN_MS };
  }
  // The wait grows with the tries, but none of them is a retry used up.
  if (outcome.blame === "slowed") {
    const decision = decideRetry(
      { failures: recipient.tries, lifeFrom: by.lifeFrom, isRelayFault: false },
      { ...by.policy, max: null },
      by,
    );
    if (decision.kind === "give_up") return { ...change, state: "failed", reason: decision.reason };
    return { ...change, state: "deferred", nextAt: decision.nextAt };
  }
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
  const nextAt = waitOf(outcome, by) ?? decision.nextAt;
  const earliest = outcome.kind === "uncertain" ? by.now + UNCERTAIN_MS : 0;
  return { ...change, failures, state: "deferred", nextAt: Math.max(nextAt, earliest) };
}

/** When it is tried again, where something else than the retry policy says so; else null. */
function waitOf({ blame, waitMs }: RuledOutcome, { now, senderUntil }: Judgement): number | null {
  if (blame === "sender" && senderUntil !== null) return senderUntil + REFUSED_LATER_MS;
  if (waitMs !== null) return now + waitMs;
  return blame === "throttling" ? now + laterMs(1) : null;
}
