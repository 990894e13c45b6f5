// Prints the queue's status for people and for scripts. Called by `status`, which has JSON and the
// monitor's line from json_shapes.ts and nagios.ts.

import { hintFor, pauseHint } from "../../app/pause/hints.ts";
import { describePart } from "../../app/pause/part.ts";
import type { HookLag } from "../../app/hooks/state.ts";
import { describeLimits } from "../../app/status/limits.ts";
import type { Waiting } from "../../app/status/waiting.ts";
import { formatSpan } from "../../display/ages.ts";
import { sanitise } from "../../display/sanitise.ts";
import { plural } from "../../display/plural.ts";
import { formatTimestamp } from "../../display/timestamps.ts";
import type { InboxFigures } from "../../queue/ports/inbox.ts";
import type { Pause } from "../../queue/policy/pause.ts";
import type { LoginState, QueueStatus, RelayStatus } from "../../queue/status.ts";
import { MESSAGE_STATUSES } from "../../queue/state.ts";
import type { Output } from "../frame/output.ts";
import { describeHook } from "./hooks.ts";
import { waitingSeconds } from "./status_shape.ts";

/** Prints one line that scripts split at the slashes. */
export function printPlainStatus(output: Output, status: QueueStatus, now: number): void {
  const { queued, sending, deferred } = status;
  output.line(`${queued + sending}/${deferred}/${waitingSeconds(status, now)}`);
}

/** What the status of a queue leaves open. */
interface StatusSurroundings {
  readonly now: number;
  readonly queue: string;
  /** Mail of others that is not in the queue yet. */
  readonly dropped: number;
  readonly waiting: Waiting;
  readonly logins: readonly LoginState[];
  readonly hooks: readonly HookLag[];
}

/** Prints a line for each count and for whatever works on the queue. */
export function printStatus(
  output: Output,
  status: QueueStatus,
  { now, queue, dropped, waiting, logins, hooks }: StatusSurroundings,
): void {
  output.line(`queue       ${queue}`);
  const [queued, ...others] = MESSAGE_STATUSES;
  const counts = [queued, "scheduled", ...others] as const;
  for (const name of counts) output.line(`${name.padEnd(11)} ${status[name]}`);
  if (status.oldestQueuedAt !== null) {
    output.line(`waiting     ${formatSpan(Math.max(0, now - status.oldestQueuedAt))} (the oldest)`);
  }
  output.line(
    `last round  ${status.lastRoundAt === null ? "never" : formatTimestamp(status.lastRoundAt)}`,
  );
  if (status.stalledAt !== null) {
    output.line(
      `stalled     since ${formatTimestamp(status.stalledAt)}; ` +
        "`mailq events --type queue.stalled` says why",
    );
  }
  if (status.paused !== null) {
    const { since, until, reason } = status.paused;
    output.line(
      `paused      since ${formatTimestamp(since)}` +
        (until === null ? "" : `, until ${formatTimestamp(until)}`) +
        (reason === null ? "" : `: ${sanitise(reason)}`) + "; `mailq resume` ends that",
    );
  }
  for (const relay of status.relays) {
    if (relay.failures > 0) printRelay(output, relay, { now, waiting });
    if (relay.limits !== null) {
      output.line(`relay       ${relay.name} ${sanitise(describeLimits(relay.limits))}`);
    }
  }
  for (const { relay, trouble } of logins) {
    if (trouble === null) continue;
    output.line(`login       ${relay}: ${sanitise(trouble)}; \`mailq login ${relay}\``);
  }
  for (const pause of status.pauses) printPause(output, pause, waiting);
  for (const worker of status.workers) {
    output.line(
      `worker      ${worker.kind}, process ${worker.pid} on ${worker.host}, ` +
        `since ${formatTimestamp(worker.startedAt)}` + (worker.kind !== "run"
          ? ""
          : `, heartbeat ${formatSpan(Math.max(0, now - worker.heartbeatAt))} ago`),
    );
  }
  for (const lag of hooks) output.line(`hook        ${lag.hook.name} ${describeHook(lag, now)}`);
  if (status.inbox !== undefined) printInbox(output, status.inbox);
  if (dropped > 0) output.line(`dropped     ${dropped}, to be taken in by \`mailq send\``);
}

/** Mail from SQL that is not in the queue. */
function printInbox(output: Output, { waiting, refused }: InboxFigures): void {
  if (waiting > 0) {
    output.line(`inbox       ${waiting} from SQL, to be taken in by \`mailq send\` or \`run\``);
  }
  if (refused > 0) output.line(`refused     ${refused} from SQL; TABLE mailq.refused says why`);
}

/** A relay that is not well: what it said, since when, how many wait, and what to do. */
function printRelay(
  output: Output,
  relay: RelayStatus,
  { now, waiting }: { readonly now: number; readonly waiting: Waiting },
): void {
  const { name, refusal, hint, downSince, openUntil, lastError } = relay;
  const part = { scope: "relay", value: name } as const;
  const since = downSince === null ? "" : ` since ${formatTimestamp(downSince)}`;
  const until = openUntil !== null && openUntil > now
    ? `, left alone until ${formatTimestamp(openUntil)}`
    : "";
  const state = refusal === null ? "at fault" : "refuses our mail";
  output.line(`relay       ${name} ${state}${since}${until}: ${sanitise(lastError ?? "")}`);
  const told = [waitText(waiting(part)), ...hint === null ? [] : [hintFor(part, hint)]];
  output.line(`            ${told.join("; ")}`);
}

function printPause(output: Output, pause: Pause, waiting: Waiting): void {
  const { reason, since, until } = pause;
  output.line(
    `paused      ${sanitise(describePart(pause))} since ${formatTimestamp(since)}` +
      (until === null ? "" : ` until ${formatTimestamp(until)}`) +
      (reason === null ? "" : `: ${sanitise(reason)}`),
  );
  output.line(`            ${waitText(waiting(pause))}; ${sanitise(pauseHint(pause))}`);
}

function waitText(count: number): string {
  return `${count} ${plural(count, "message")} ${count === 1 ? "waits" : "wait"} for it`;
}
