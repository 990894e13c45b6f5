// The status of a queue in which nothing is, for tests of what is made of a status.
import type { QueueCounts, QueueStatus } from "../../src/queue/status.ts";

export const NO_MESSAGES: QueueCounts = {
  queued: 0,
  sending: 0,
  deferred: 0,
  sent: 0,
  partial: 0,
  failed: 0,
  held: 0,
  cancelled: 0,
  suppressed: 0,
  scheduled: 0,
};

export const QUIET: QueueStatus = {
  ...NO_MESSAGES,
  oldestQueuedAt: null,
  oldestDueAt: null,
  paused: null,
  stalledAt: null,
  lastRoundAt: null,
  workers: [],
  relays: [],
  pauses: [],
};
