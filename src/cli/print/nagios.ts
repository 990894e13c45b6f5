// Judges whether the queue moves, and puts it into the line and the exit status that monitors know
// (Nagios plugin API). Called by `status --nagios`, which does the printing.

import { formatSpan } from "../../display/ages.ts";
import { sanitise } from "../../display/sanitise.ts";
import type { QueueStatus } from "../../queue/status.ts";
import { waitingSeconds } from "./json_shapes.ts";

/** The exit statuses monitors know (Nagios plugin API). */
export const NAGIOS_STATUS = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const;
type HealthLevel = keyof typeof NAGIOS_STATUS;

interface HealthLimits {
  readonly now: number;
  /** The age of the oldest queued message, or of the last finished round, that warns. */
  readonly warnMs: number;
  readonly criticalMs: number;
  readonly queuedWarn: number | null;
  readonly queuedCrit: number | null;
}

/** Judges whether the queue moves: mail that waits too long, too much of it, deferred mail that
 *  nobody queues again, a pause, a relay that is left alone, a service whose heart stopped, or no
 *  finished round within the warning age. */
export function judgeHealth(
  status: QueueStatus,
  limits: HealthLimits,
): { readonly level: HealthLevel; readonly line: string } {
  const { now } = limits;
  const seconds = waitingSeconds(status, now);
  const queued = status.queued + status.sending;
  const critical: string[] = [];
  const warning: string[] = [];
  const oldest = `the oldest message waits ${formatSpan(seconds * 1000)}`;
  if (seconds * 1000 >= limits.criticalMs) critical.push(oldest);
  else if (seconds * 1000 >= limits.warnMs) warning.push(oldest);
  const overdueMs = now - (status.oldestDueAt ?? now);
  const overdue = `deferred mail is overdue for ${formatSpan(overdueMs)} (is \`mailq run\` or ` +
    "`mailq retry --due` running?)";
  if (overdueMs >= limits.criticalMs) critical.push(overdue);
  else if (overdueMs >= limits.warnMs) warning.push(overdue);
  if (limits.queuedCrit !== null && queued > limits.queuedCrit) critical.push(`${queued} queued`);
  else if (limits.queuedWarn !== null && queued > limits.queuedWarn) {
    warning.push(`${queued} queued`);
  }
  if (status.paused !== null) {
    warning.push(`paused for ${formatSpan(Math.max(0, now - status.paused.since))}`);
  }
  if (status.lastRoundAt === null) warning.push("no pass has ever finished");
  else if (now - status.lastRoundAt >= limits.warnMs) {
    warning.push(`no pass finished for ${formatSpan(now - status.lastRoundAt)}`);
  }
  for (const { name, downSince, openUntil, lastError } of status.relays) {
    if (openUntil === null || downSince === null) continue;
    const since = formatSpan(Math.max(0, now - downSince));
    warning.push(`the relay ${name} is down for ${since}: ${lastError ?? "unknown"}`);
  }
  for (const { kind, pid, heartbeatAt } of status.workers) {
    if (kind !== "run" || now - heartbeatAt < limits.warnMs) continue;
    warning.push(`the service (process ${pid}) has not moved for ${formatSpan(now - heartbeatAt)}`);
  }
  const level = critical.length > 0 ? "critical" : warning.length > 0 ? "warning" : "ok";
  const counts = [`${queued} queued`, `${status.deferred} deferred`];
  // No fault of the queue, but what somebody may want to look at.
  for (const name of ["failed", "partial", "held"] as const) {
    if (status[name] > 0) counts.push(`${status[name]} ${name}`);
  }
  const told = [...critical, ...warning, counts.join(", ")].join("; ");
  // What a relay says is in it; what follows a bar is data.
  const why = sanitise(told).replaceAll("|", "/");
  const data = `queued=${queued} deferred=${status.deferred} failed=${status.failed} ` +
    `age=${seconds}s;${limits.warnMs / 1000};${limits.criticalMs / 1000}`;
  return { level, line: `MAILQ ${level.toUpperCase()} - ${why} | ${data}` };
}
