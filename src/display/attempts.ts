// What came of an attempt at sending, in a line for each recipient, for those who watch a pass. Called
// by src/app/send; the attempts of a message that `show` prints are src/cli/print's.

import type { AttemptRecord, RecipientChange } from "../queue/claim.ts";
import { sanitise } from "./sanitise.ts";

/** A line for each recipient, safe for a terminal. */
export function describeAttempt(
  { claim, changes }: AttemptRecord,
  { isClaimLost }: { readonly isClaimLost: boolean },
): string[] {
  return changes.map((change) => {
    const reply = [change.code, change.enhanced, change.reply].filter((part) => part !== null);
    return `${claim.id} ${outcomeText(change)} ${sanitise(change.address)}: ` +
      sanitise(reply.join(" ")) + (isClaimLost ? " (the claim had been lost)" : "");
  });
}

/** A temporary failure may have been the last one allowed. */
function outcomeText({ outcome, state, reason }: RecipientChange): string {
  if (state !== "failed" || reason === "permanent") return outcome;
  return reason === "retries" ? "failed (retries used up)" : "failed (tried for too long)";
}
