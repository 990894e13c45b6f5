// Whether the queue stands still: mail could go, and none has for long. Pure; src/app/send/stall.ts
// judges by it, and has it told as events.

import type { HealthFigures, QueueStatus } from "../status.ts";
import type { PausedPart } from "./pause.ts";

/** That the queue stands still. Times are ms since 1970. */
export interface Stall {
  /** Why, for people. */
  readonly reason: string;
  /** Since when the oldest message that could go waits. */
  readonly oldestAt: number;
  /** When a message was last sent, of those that are still there; null if none was. */
  readonly lastSentAt: number | null;
  /** It holds only if mail waits for this; null where it holds anyway. */
  readonly waitsFor: PausedPart | null;
}

/** What the queue stands still for; null if it does not: it is paused, something was sent within
 *  `afterMs`, or nothing has waited for so long. */
export function stallOf(
  status: QueueStatus,
  { lastSentAt, oldestDeferredFrom }: HealthFigures,
  { now, afterMs }: { readonly now: number; readonly afterMs: number },
): Stall | null {
  const latest = now - afterMs;
  const isOld = (at: number | null | undefined): at is number =>
    at !== null && at !== undefined && at <= latest;
  if (status.paused !== null || (lastSentAt !== null && lastSentAt > latest)) return null;
  const { oldestQueuedAt, oldestDueAt } = status;
  if (isOld(oldestQueuedAt)) {
    const reason = "mail is queued and none is sent";
    return { reason, oldestAt: oldestQueuedAt, lastSentAt, waitsFor: null };
  }
  if (isOld(oldestDueAt)) {
    const reason = "deferred mail is due and nobody queues it again; `mailq run`, or " +
      "`mailq retry --due` from cron, does that";
    return { reason, oldestAt: oldestDueAt, lastSentAt, waitsFor: null };
  }
  const relay = status.relays.find(({ openUntil, downSince }) =>
    openUntil !== null && isOld(downSince)
  );
  if (relay === undefined) return null;
  const { name, downSince, refusal, lastError } = relay;
  return {
    reason: `relay ${name} ${refusal === null ? "is down" : "refuses our mail"}: ` +
      (lastError ?? "unknown"),
    oldestAt: oldestDeferredFrom ?? downSince ?? now,
    lastSentAt,
    waitsFor: { scope: "relay", value: name },
  };
}

/** Whether a queue that stood still since `stalledAt` (ms since 1970) moves again: something was sent, or
 *  nothing waits any more. */
export function hasMoved(
  { queued, sending, deferred }: QueueStatus,
  { lastSentAt }: HealthFigures,
  stalledAt: number,
): boolean {
  return (lastSentAt !== null && lastSentAt >= stalledAt) || queued + sending + deferred === 0;
}
