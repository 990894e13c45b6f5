// Prints the queue's status for people and for scripts. Called by `status`, which has JSON and the
// monitor's line from json_shapes.ts and nagios.ts.

import { formatSpan } from "../../display/ages.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatTimestamp } from "../../display/timestamps.ts";
import type { QueueStatus } from "../../queue/status.ts";
import { MESSAGE_STATUSES } from "../../queue/state.ts";
import type { Output } from "../frame/output.ts";
import { waitingSeconds } from "./json_shapes.ts";

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
}

/** Prints a line for each count and for whatever works on the queue. */
export function printStatus(
  output: Output,
  status: QueueStatus,
  { now, queue, dropped }: StatusSurroundings,
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
  if (status.paused !== null) {
    output.line(`paused      since ${formatTimestamp(status.paused.since)}; \`mailq resume\``);
  }
  for (const relay of status.relays) {
    const since = relay.downSince === null ? "" : ` since ${formatTimestamp(relay.downSince)}`;
    const until = relay.openUntil !== null && relay.openUntil > now
      ? `, left alone until ${formatTimestamp(relay.openUntil)}`
      : "";
    output.line(
      `relay       ${relay.name} at fault${since}${until}: ${sanitise(relay.lastError ?? "")}`,
    );
  }
  for (const worker of status.workers) {
    output.line(
      `worker      ${worker.kind}, process ${worker.pid} on ${worker.host}, ` +
        `since ${formatTimestamp(worker.startedAt)}` + (worker.kind !== "run"
          ? ""
          : `, heartbeat ${formatSpan(Math.max(0, now - worker.heartbeatAt))} ago`),
    );
  }
  if (dropped > 0) output.line(`dropped     ${dropped}, to be taken in by \`mailq send\``);
}
