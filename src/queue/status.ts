// The queue at a glance: counts by status, pause, workers, relays in trouble. `status`, the nagios
// check and the screen show it.

import type { RelayHealth } from "./policy/breaker.ts";
import type { Pause } from "./policy/pause.ts";
import type { InboxFigures } from "./ports/inbox.ts";
import type { RelayLimits } from "./policy/throttle.ts";

export interface QueueCounts {
  readonly queued: number;
  readonly sending: number;
  readonly deferred: number;
  readonly sent: number;
  readonly partial: number;
  readonly failed: number;
  readonly held: number;
  readonly cancelled: number;
  readonly suppressed: number;
  /** Queued, but not before their `send_at`; not part of `queued`. */
  readonly scheduled: number;
}

export interface QueuePause {
  readonly since: number;
  /** Null = until somebody ends it. */
  readonly until: number | null;
  readonly reason: string | null;
}

export interface QueueStatus extends QueueCounts {
  /** When the oldest message that is queued, or in the inbox, was queued; null if none is. */
  readonly oldestQueuedAt: number | null;
  /** When the oldest deferred message that is due became so; null or absent if none is. */
  readonly oldestDueAt?: number | null;
  /** The pause of the whole queue; times in ms since 1970. */
  readonly paused: QueuePause | null;
  /** Since when the queue is known to stand still; null if it is not. */
  readonly stalledAt: number | null;
  /** When a pass or the service last finished a round; null if never. */
  readonly lastRoundAt: number | null;
  readonly workers: readonly WorkerInfo[];
  /** Relays at fault of late (`failures` > 0), and those found to bear little. */
  readonly relays: readonly RelayStatus[];
  /** Pauses of parts of the mail that hold now. */
  readonly pauses: readonly Pause[];
  /** Mail from SQL that is not in the queue; absent where there is none. */
  readonly inbox?: InboxFigures;
}

/** A relay that is not well, or that was found to bear less than the settings would give it. */
export interface RelayStatus extends RelayHealth {
  readonly name: string;
  /** What it was found to bear; null where it is given what the settings say. */
  readonly limits: RelayLimits | null;
}

export interface WorkerInfo {
  readonly id: number;
  readonly kind: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  /** When a service last showed that it goes round. */
  readonly heartbeatAt: number;
}

/** A relay's login by OAuth 2. Times are ms since 1970. */
export interface LoginState {
  readonly relay: string;
  /** Null where there is none yet. */
  readonly renewedAt: number | null;
  /** When it ends; null = not known. */
  readonly endsAt: number | null;
  /** Why it is not, or soon no longer, of use; null if all is well. */
  readonly trouble: string | null;
}

/** What a monitor wants to know besides the counts. */
export interface HealthFigures {
  /** From when on the deferred message waits that has waited longest (its lifetime began then), among
   *  the thousand that came first; null if none is deferred. */
  readonly oldestDeferredFrom: number | null;
  /** When a message was last sent, of those that are still there; null if none was. */
  readonly lastSentAt: number | null;
  /** Messages that failed, wholly or in part, or that came by SQL and were refused, since the time that
   *  was asked for. */
  readonly failed: number;
}
