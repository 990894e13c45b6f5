// What an attempt leaves behind as text: the reply that a message's row shows, and its outcomes as
// JSON. The stores' claims/ write them, detail.ts reads the outcomes again.

import type { AttemptRecord, RecipientChange } from "../../../queue/claim.ts";
import type { OutcomeKind } from "../../../queue/outcome.ts";

/** The reply that speaks for an attempt. */
export function lastReply(attempt: Pick<AttemptRecord, "changes" | "error">): string | null {
  const worst = attempt.changes.find((change) => change.outcome === "failed") ??
    attempt.changes.find((change) => change.outcome !== "sent") ?? attempt.changes[0];
  if (worst === undefined) return attempt.error;
  const said = [worst.code, worst.enhanced, worst.reply].filter((part) => part !== null);
  return said.join(" ").trim() || attempt.error;
}

/** One outcome; `toOutcome` (detail.ts) reads it again. */
export interface StoredOutcome
  extends Pick<RecipientChange, "address" | "code" | "enhanced" | "owesNotice"> {
  readonly outcome: OutcomeKind;
  readonly reply: string | null;
}

/** Outcomes as they are stored. */
export function outcomesText(outcomes: readonly StoredOutcome[]): string {
  return JSON.stringify(outcomes.map(({ address, outcome, code, enhanced, reply, owesNotice }) => ({
    address,
    outcome,
    code,
    enhanced,
    reply,
    ...(owesNotice ? { owesNotice } : {}),
  })));
}
