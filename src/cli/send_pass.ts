import type { Settings } from "../config/settings.ts";
import { type PassResult, runPass } from "../delivery/pass.ts";
import { sanitise } from "../display/sanitise.ts";
import { MailqError } from "../queue/errors.ts";
import type { AttemptRecord, RecipientChange } from "../queue/message.ts";
import type { Store } from "../queue/ports.ts";
import { openRelay } from "../transport/open_relay.ts";
import type { Context } from "./context.ts";
import { plural } from "./selection.ts";

/** Runs one pass over the queue (or over `ids`), until done or told to stop by a signal. */
export async function sendOnce(
  context: Context,
  settings: Settings,
  store: Store,
  ids: readonly string[] | undefined,
): Promise<PassResult> {
  const { clock, random, wait } = context.machine;
  const [relaySettings] = settings.relays;
  if (relaySettings === undefined) {
    throw new MailqError("config_invalid", "Cannot send: no relay is set; set transport");
  }
  const relay = await openRelay(relaySettings, {
    heloName: settings.hostname,
    credentialsFolder: context.machine.env.CREDENTIALS_DIRECTORY ?? null,
    write: (bytes) => Promise.resolve(context.output.bytes(bytes)),
    env: context.machine.env,
  });
  return await runPass({
    store,
    relay,
    policy: settings.retry,
    clock,
    random,
    concurrency: Math.max(1, relaySettings.concurrency ?? settings.concurrency),
    maxBatch: settings.maxBatch,
    maxDeferred: settings.maxDeferred,
    throttleMs: settings.throttleMs,
    ids,
    signal: context.stopSignal(),
    wait,
    onAttempt: context.globals.isVerbose
      ? (attempt, isLost) => tellAttempt(context, attempt, isLost)
      : undefined,
  });
}

function tellAttempt(context: Context, attempt: AttemptRecord, isLost: boolean): void {
  for (const change of attempt.changes) {
    const reply = [change.code, change.enhanced, change.reply].filter((part) => part !== null);
    context.output.detail(
      `${attempt.claim.id} ${outcomeText(change)} ${sanitise(change.address)}: ` +
        sanitise(reply.join(" ")) + (isLost ? " (the claim had been lost)" : ""),
    );
  }
}

/** A temporary failure may have been the last one allowed. */
function outcomeText({ outcome, state, reason }: RecipientChange): string {
  if (state !== "failed" || reason === "permanent") return outcome;
  return reason === "retries" ? "failed (retries used up)" : "failed (tried for too long)";
}

/** What a pass that had nothing to do comes to. */
export const NOTHING_SENT: PassResult = {
  sent: 0,
  deferred: 0,
  failed: 0,
  uncertain: 0,
  remaining: 0,
  stoppedBy: null,
  relayError: null,
};

/** Prints a pass's result, and judges it under `--strict`. */
export function tellPass(context: Context, result: PassResult, isStrict: boolean): void {
  const { output } = context;
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
  if (output.isWatched) tellStop(context, result);
  if (!isStrict) return;
  if (result.stoppedBy === "relay") {
    throw new MailqError("relay_unavailable", `The relay is down: ${told(result.relayError)}`);
  }
  if (failed > 0) {
    throw new MailqError("mail_failed", `${failed} ${plural(failed, "message")} failed`);
  }
  if (result.stoppedBy === "paused" && remaining > 0) {
    throw new MailqError("mail_deferred", "The queue is paused; `mailq resume` starts it again");
  }
  const waiting = deferred + uncertain;
  if (waiting > 0) {
    throw new MailqError("mail_deferred", `${waiting} ${plural(waiting, "message")} deferred`);
  }
}

function tellStop(context: Context, result: PassResult): void {
  switch (result.stoppedBy) {
    case "paused":
      return context.output.note("the queue is paused; `mailq resume` starts it again");
    case "relay":
      return context.output.note(`the relay is down: ${told(result.relayError)}`);
    case "max_batch":
      return context.output.note("stopped at --max-batch");
    case "max_deferred":
      return context.output.note("stopped at --max-deferred");
    case "signal":
      return context.output.note("told to stop");
  }
}

function told(relayError: string | null): string {
  return sanitise(relayError ?? "it cannot be reached");
}
