/** What an action on many messages did. */
export interface ActionResult {
  /** Messages changed. */
  readonly changed: number;
  /** Messages of the filter that the action does not apply to. */
  readonly unchanged: number;
  /** Messages among those whose bytes were deleted when they were sent. */
  readonly withoutBody: number;
  /** Recipients left alone because a worker is sending to them. */
  readonly sendingRecipients: number;
}

/** What is different in a message sent anew; the rest is as it was. Addresses as intake takes
 *  them. */
export interface EnvelopeChanges {
  /** Empty for the null sender. */
  readonly sender?: string;
  readonly recipients?: readonly string[];
}

export interface RetryResult {
  readonly requeued: number;
  /** Matching messages that failed for want of retries. */
  readonly exhausted: number;
}

export interface PurgeOptions {
  /** Only messages final since before this time. */
  readonly finalBefore: number | null;
  /** Open messages too. */
  readonly includeOpen: boolean;
}
