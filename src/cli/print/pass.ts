// Prints what a pass came to, and makes an error of it under `--strict`. Called by `send` and
// `run`; what an attempt came to is told while the pass runs (src/app/send/pass.ts).

import type { PassResult } from "../../delivery/pass.ts";
import { plural } from "../../display/plural.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Output } from "../frame/output.ts";

/** Prints a pass's result: as JSON, or to whoever watches; under cron nothing. */
export async function printPass(output: Output, result: PassResult): Promise<void> {
  const { sent, deferred, failed, uncertain, remaining } = result;
  if (output.isJson) {
    output.json({ sent, deferred, failed, uncertain, remaining, stopped_by: result.stoppedBy });
  } else if (output.isWatched) {
    const parts = [`Sent ${sent} ${plural(sent, "message")}`];
    if (deferred > 0) parts.push(`${deferred} deferred`);
    if (failed > 0) parts.push(`${failed} failed`);
    if (uncertain > 0) parts.push(`${uncertain} uncertain`);
    if (remaining > 0) parts.push(`${remaining} still queued`);
    output.line(parts.join(", "));
  }
  if (!output.isWatched) return;
  for (const line of await describeDownRelays(result)) output.note(line);
  for (const line of await describePauses(result)) output.note(line);
  const why = stopText(result);
  if (why !== null) output.note(why);
}

/** Throws if a pass under `--strict` did not send all it should: `relay_unavailable`,
 *  `mail_failed` or `mail_deferred`. */
export async function judgeStrictly(result: PassResult): Promise<void> {
  const { deferred, failed, uncertain, remaining } = result;
  if (result.stoppedBy === "relay") {
    throw new MailqError("relay_unavailable", (await describeDownRelays(result)).join("; "));
  }
  if (failed > 0) {
    throw new MailqError("mail_failed", `${failed} ${plural(failed, "message")} failed`);
  }
  if (result.stoppedBy === "paused" && remaining > 0) {
    throw new MailqError("mail_deferred", "The queue is paused; `mailq resume` starts it again");
  }
  if (result.stoppedBy === "throttled" && remaining > 0) {
    throw new MailqError("mail_deferred", "The relay wants its mail more slowly");
  }
  const waiting = deferred + uncertain;
  if (waiting > 0) {
    throw new MailqError("mail_deferred", `${waiting} ${plural(waiting, "message")} deferred`);
  }
}

/** Why the pass ended early, where its relays do not say it. */
function stopText({ stoppedBy }: PassResult): string | null {
  switch (stoppedBy) {
    case "paused":
      return "the queue is paused; `mailq resume` starts it again";
    case "rate":
      return "stopped: the rate of every relay with mail is used up";
    case "throttled":
      return "stopped: every relay with mail wants it more slowly; the next pass goes on";
    case "max_batch":
      return "stopped at --max-batch";
    case "max_deferred":
      return "stopped at --max-deferred";
    case "signal":
      return "told to stop";
    case "relay":
    case null:
      return null;
  }
}

/** A line for each relay that was left alone. */
async function describeDownRelays({ downRelays }: PassResult): Promise<string[]> {
  if (downRelays.length === 0) return [];
  const { describeDownRelay }: typeof import("./pass_trouble.ts") = await import(
    import.meta.resolve("./pass_trouble.ts")
  );
  return downRelays.map(describeDownRelay);
}

/** A line for each part of the mail that is paused. */
async function describePauses({ pauses }: PassResult): Promise<string[]> {
  if (pauses.length === 0) return [];
  const { describePause }: typeof import("./pass_trouble.ts") = await import(
    import.meta.resolve("./pass_trouble.ts")
  );
  return pauses.map(describePause);
}
