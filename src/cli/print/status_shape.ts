// The JSON of the queue's status, which scripts live on: a name once given stays. Called by `status`; a
// file of its own, since `enqueue --json` has no use for what it needs.

import { hintFor } from "../../app/pause/hints.ts";
import type { HookLag } from "../../app/hooks/state.ts";
import type { Waiting } from "../../app/status/waiting.ts";
import type { LoginState, QueueStatus } from "../../queue/status.ts";
import { hookShape } from "./hooks.ts";
import { isoTime } from "./json_shapes.ts";

/** The shape of `status`. */
export function statusShape(
  status: QueueStatus,
  now: number,
  waiting: Waiting,
  { logins, hooks }: {
    readonly logins: readonly LoginState[];
    readonly hooks: readonly HookLag[];
  },
): Record<string, unknown> {
  return {
    queued: status.queued,
    sending: status.sending,
    deferred: status.deferred,
    sent: status.sent,
    partial: status.partial,
    failed: status.failed,
    held: status.held,
    cancelled: status.cancelled,
    suppressed: status.suppressed,
    scheduled: status.scheduled,
    seconds: waitingSeconds(status, now),
    paused: status.paused !== null,
    paused_until: isoTime(status.paused?.until ?? null),
    paused_reason: status.paused?.reason ?? null,
    stalled_at: isoTime(status.stalledAt),
    workers: status.workers.map((worker) => ({
      kind: worker.kind,
      host: worker.host,
      pid: worker.pid,
      started_at: isoTime(worker.startedAt),
      heartbeat_at: isoTime(worker.heartbeatAt),
    })),
    relays: status.relays.map((relay) => ({
      name: relay.name,
      failures: relay.failures,
      down_since: isoTime(relay.downSince),
      open_until: isoTime(relay.openUntil),
      last_error: relay.lastError,
      refusing: relay.refusal !== null,
      refusal: relay.refusal,
      hint: relay.hint === null ? null : hintFor({ scope: "relay", value: relay.name }, relay.hint),
      waiting: waiting({ scope: "relay", value: relay.name }),
      learned: relay.limits === null ? null : {
        connections: relay.limits.connections,
        rate: relay.limits.rate,
      },
    })),
    logins: logins.map(({ relay, renewedAt, endsAt, trouble }) => ({
      relay,
      renewed_at: isoTime(renewedAt),
      ends_at: isoTime(endsAt),
      trouble,
    })),
    pauses: status.pauses.map((pause) => ({
      scope: pause.scope,
      value: pause.value,
      reason: pause.reason,
      since: isoTime(pause.since),
      until: isoTime(pause.until),
      automatic: pause.isAutomatic,
      waiting: waiting(pause),
    })),
    hooks: hooks.map(hookShape),
    inbox: { waiting: status.inbox?.waiting ?? 0, refused: status.inbox?.refused ?? 0 },
  };
}

/** The age of the oldest queued message in whole seconds; 0 if none is queued. */
export function waitingSeconds(status: QueueStatus, now: number): number {
  if (status.oldestQueuedAt === null) return 0;
  return Math.max(0, Math.floor((now - status.oldestQueuedAt) / 1000));
}
