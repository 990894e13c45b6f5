// Figures of the queue that take a look at messages, for the screen. What is counted all the time
// is in status.ts.

/** What went out of late and what does not, for people to look at. */
export interface QueueStats {
  readonly sentLastMinute: number;
  readonly sentLastHour: number;
  readonly sentLastDay: number;
  /** Messages sent, and failed wholly or in part, in each hour of the last day: the hour that ends now
   *  is the last. */
  readonly sentByHour: readonly number[];
  readonly failedByHour: readonly number[];
  /** When the first queued, deferred or scheduled message is, or was, to be tried. */
  readonly oldestDueAt: number | null;
  /** Most frequent first, among the newest of those that failed, wholly or in part, or are
   *  deferred. */
  readonly failingDomains: readonly TextCount[];
  /** How many messages those were counted among. */
  readonly sampled: number;
}

/** The hours of the last day. */
export const STATS_HOURS = 24;

/** How often a text was met. */
export interface TextCount {
  readonly text: string;
  readonly count: number;
}
