// Prints what an action on messages did. Called by hold, release, cancel and resend; what an action
// may do to which message is the store's to say.

import { plural } from "../../display/plural.ts";
import type { ActionResult } from "../../queue/ports/operator.ts";
import type { Output } from "../frame/output.ts";

/** Prints the counts; `done` is what was done, such as `Held`. */
export function printAction(output: Output, result: ActionResult, done: string): void {
  if (output.isJson) {
    output.json({
      changed: result.changed,
      unchanged: result.unchanged,
      without_body: result.withoutBody,
      sending_recipients: result.sendingRecipients,
    });
    return;
  }
  output.line(`${done} ${result.changed} ${plural(result.changed, "message")}`);
  if (result.unchanged > 0) {
    output.note(
      `${result.unchanged} ${plural(result.unchanged, "message")} left as ` +
        (result.unchanged === 1 ? "it was" : "they were"),
    );
  }
  if (result.withoutBody > 0) {
    output.note(
      `${result.withoutBody} of them cannot go again: the bytes were deleted when the mail was ` +
        "sent (keep_bodies)",
    );
  }
  if (result.sendingRecipients > 0) {
    output.note(
      `${result.sendingRecipients} ${plural(result.sendingRecipients, "recipient")} ` +
        "left alone: being sent at this moment",
    );
  }
}
