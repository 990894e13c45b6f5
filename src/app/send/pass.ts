import type { Settings } from "../../config/settings.ts";
import type { RelaySettings } from "../../config/relays.ts";
import type { ErrorHandler } from "../../delivery/error_handler.ts";
import type { PassOptions } from "../../delivery/options.ts";
import { type PassResult, runPass } from "../../delivery/pass.ts";
import type { OutletPlan } from "../../delivery/outlets/outlet.ts";
import { sanitise } from "../../display/sanitise.ts";
import { MailqError } from "../../queue/errors.ts";
import type { AttemptRecord, RecipientChange } from "../../queue/claim.ts";
import type { Relay } from "../../queue/ports/transport.ts";
import type { Store } from "../../queue/ports/store.ts";
import { openRelay } from "../../transport/open_relay.ts";
import type { Context } from "../../cli/frame/context.ts";
import { plural } from "../select.ts";

/** Runs one pass over the queue (or over `ids`), until done or told to stop by a signal. */
export async function sendOnce(
  context: Context,
  settings: Settings,
  store: Store,
  ids: readonly string[] | undefined,
): Promise<PassResult> {
  return await runPass({ ...await passOptions(context, settings, store), ids });
}

/** A pass as the settings want it. Throws `config_invalid` for a relay that cannot be used. */
export async function passOptions(
  context: Context,
  settings: Settings,
  store: Store,
): Promise<PassOptions> {
  const { clock, random, wait } = context.machine;
  const relays: OutletPlan[] = [];
  for (const relay of settings.relays) {
    relays.push({
      relay: await openSettingsRelay(context, settings, relay),
      concurrency: Math.max(1, relay.concurrency ?? settings.concurrency),
      rate: relay.rate,
    });
  }
  return {
    store,
    outlets: { relays, routes: settings.routes, ratePerDomain: settings.ratePerDomain },
    judging: {
      policy: settings.retry,
      rules: settings.rules,
      errorHandler: settings.errorHandler === null
        ? null
        : await errorHandler(context, settings.errorHandler),
    },
    limits: {
      maxBatch: settings.maxBatch,
      maxDeferred: settings.maxDeferred,
      throttleMs: settings.throttleMs,
    },
    machine: { clock, random, wait },
    signal: context.stopSignal(),
    onAttempt: context.globals.isVerbose
      ? (attempt, { isClaimLost }) => tellAttempt(context, attempt, isClaimLost)
      : undefined,
  };
}

async function errorHandler(context: Context, command: string): Promise<ErrorHandler> {
  const { askErrorCommand }: typeof import("./error_command.ts") = await import(
    import.meta.resolve("./error_command.ts")
  );
  const { MAILQ_PASSWORD: _, MAILQ_TX: __, ...env } = context.machine.env;
  const told = new Set<string>();
  const tools = {
    env,
    wait: context.machine.wait,
    warn: (text: string) => {
      if (!told.has(text)) context.output.warn(text);
      told.add(text);
    },
  };
  return (failure) => askErrorCommand(command, { ...failure }, tools);
}

async function openSettingsRelay(
  context: Context,
  settings: Settings,
  relay: RelaySettings,
): Promise<Relay> {
  return await openRelay(relay, {
    heloName: settings.hostname,
    credentialsFolder: context.machine.env.CREDENTIALS_DIRECTORY ?? null,
    write: (bytes) => Promise.resolve(context.output.bytes(bytes, context.isConversation)),
    env: context.machine.env,
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
  downRelays: [],
  resumeAt: null,
};

/** Prints a pass's result, and judges it under `--strict`. */
export async function tellPass(
  context: Context,
  result: PassResult,
  isStrict: boolean,
): Promise<void> {
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
  if (output.isWatched) await tellStop(context, result);
  if (!isStrict) return;
  if (result.stoppedBy === "relay") {
    throw new MailqError("relay_unavailable", (await told(result)).join("; "));
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

async function tellStop(context: Context, result: PassResult): Promise<void> {
  for (const line of await told(result)) context.output.note(line);
  switch (result.stoppedBy) {
    case "paused":
      return context.output.note("the queue is paused; `mailq resume` starts it again");
    case "rate":
      return context.output.note("stopped: the rate of every relay with mail is used up");
    case "max_batch":
      return context.output.note("stopped at --max-batch");
    case "max_deferred":
      return context.output.note("stopped at --max-deferred");
    case "signal":
      return context.output.note("told to stop");
  }
}

/** A line for each relay that was left alone. */
async function told({ downRelays }: PassResult): Promise<string[]> {
  if (downRelays.length === 0) return [];
  const { formatTimestamp }: typeof import("../../display/timestamps.ts") = await import(
    import.meta.resolve("../../display/timestamps.ts")
  );
  return downRelays.map(({ name, error, since, until }) => {
    const times = [
      ...since === null ? [] : [`since ${formatTimestamp(since)}`],
      ...until === null
        ? []
        : [`left alone until ${formatTimestamp(until)}: \`mailq retry\` ends that`],
    ].join(", ");
    return `the relay${name === "default" ? "" : ` ${name}`} is down: ${sanitise(error)}` +
      (times === "" ? "" : ` (${times})`);
  });
}
