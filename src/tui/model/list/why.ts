// Why a message waits or failed, as a list has room for it: the reply first, and for many recipients
// how many of them it is about. Called by the list and the footer. The words are src/display's. Pure.

import { whyIs } from "../../../display/reasons.ts";
import type { MessageSummary } from "../../../queue/message.ts";
import type { State } from "../state.ts";

/** Queued, but not before a time to come. */
export function isScheduled(
  { status, tries, sendAt }: MessageSummary,
  now: number,
): boolean {
  return status === "queued" && tries === 0 && sendAt !== null && sendAt > now;
}

/** Why it waits or failed; empty where there is nothing to say. */
export function reasonOf(message: MessageSummary, state: State): string {
  const counts = countsOf(message);
  const why = saysNoMore(message, state) ? "" : whyText(message, state);
  return counts === "" || why === "" ? counts || why : `${counts}: ${why}`;
}

/** The reason is what its status says: a list has something better to show. */
function saysNoMore(message: MessageSummary, { hindrances, now }: State): boolean {
  const { status, lastReply } = message;
  if (status === "held") return lastReply === null || lastReply === "";
  return status === "queued" && !isScheduled(message, now) &&
    (lastReply === null || lastReply === "") && (hindrances?.of(message) ?? null) === null;
}

/** The same in full, for a line of its own. */
export function wholeReasonOf(message: MessageSummary, state: State): string {
  const counts = countsOf(message);
  const why = whyText(message, state);
  return counts === "" || why === "" ? counts || why : `${counts}: ${why}`;
}

/** `440 ✓ 40 ✗ 20 ~`: recipients that have it, that failed, that wait; empty where all fare alike. */
function countsOf(
  { recipientsTotal, recipientsSent, recipientsFailed, recipientsOpen }: MessageSummary,
): string {
  const counts = [
    [recipientsSent, "✓"],
    [recipientsFailed, "✗"],
    [recipientsOpen, "~"],
  ] as const;
  if (recipientsTotal < 2 || counts.some(([count]) => count === recipientsTotal)) return "";
  return counts.filter(([count]) => count > 0).map(([count, sign]) => `${count} ${sign}`).join(" ");
}

function whyText(message: MessageSummary, { status, hindrances: known, now }: State): string {
  const hindrances = known ?? undefined;
  const { lastReply, status: state, finalReason } = message;
  // What the relay said tells more than that it was for good.
  if ((state === "failed" || state === "partial") && finalReason !== "deadline") {
    const isRefused = finalReason === "permanent" || finalReason === null;
    if (isRefused && lastReply !== null && lastReply !== "") return lastReply;
  }
  if (state === "queued" && message.nextAttemptAt !== null && !isScheduled(message, now)) {
    return whyIs({ ...message, sendAt: null }, { isPaused: status?.paused != null, hindrances });
  }
  return whyIs(message, { isPaused: status?.paused != null, hindrances });
}
