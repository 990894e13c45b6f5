// Says in words why a message waits or how it ended. Called by the tables of the command line and
// by the screen's footer. Making the words safe is left to those who print them.

import type { MessageSummary } from "../queue/message.ts";
import { formatTimestamp } from "./timestamps.ts";

/** What is known of the queue as a whole. */
interface QueueMoment {
  readonly isPaused: boolean;
  /** Tells what keeps a queued message back; null if nothing does. */
  readonly hindrances?: { readonly of: (message: MessageSummary) => string | null };
}

/** Why a message waits, or why it ended as it did. */
export function whyIs(
  message: MessageSummary,
  { isPaused, hindrances }: QueueMoment,
): string {
  const reply = message.lastReply ?? "";
  switch (message.status) {
    case "held":
      return `held until released${reply === "" ? "" : `; last: ${reply}`}`;
    case "queued":
      if (message.nextAttemptAt !== null && message.tries === 0 && message.sendAt !== null) {
        return `not before ${formatTimestamp(message.sendAt)}`;
      }
      return (isPaused ? "the queue is paused" : hindrances?.of(message) ??
        "waits for the next pass") + (reply === "" ? "" : `; last: ${reply}`);
    case "sending":
      return "being sent";
    case "deferred":
      return reply;
    case "failed":
    case "partial":
      return `${reasonText(message)}${reply === "" ? "" : `: ${reply}`}`;
    case "suppressed":
      return "every recipient is on the do-not-send list";
    case "cancelled":
    case "sent":
      return "";
  }
}

function reasonText(message: MessageSummary): string {
  switch (message.finalReason) {
    case "permanent":
      return "refused for good";
    case "retries":
      return "retries used up";
    case "lifetime":
      return "tried for too long";
    case "deadline":
      return "expired before it could be sent";
    case null:
      return "failed";
  }
}
