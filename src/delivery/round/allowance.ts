// Whether a round may start more messages, how many, and why not. It looks at the limits of the
// pass, at what was counted, at the relays and at the stopper. The round and the claimer ask it.

import type { Limits } from "../options.ts";
import type { Outlets } from "../outlets/outlets.ts";
import type { Counts } from "./counts.ts";
import type { Stopper } from "./stopper.ts";

/** Why a pass ended before the queue was empty. */
export type StopReason =
  | "max_batch"
  | "max_deferred"
  | "paused"
  | "relay"
  | "rate"
  | "throttled"
  | "signal";

interface AllowanceTools {
  readonly limits: Limits;
  /** The caller's, which stops the round. */
  readonly signal: AbortSignal;
  readonly outlets: Outlets;
  readonly counts: Counts;
  readonly stopper: Stopper;
}

/** What a round may still do. */
export class Allowance {
  /** When a relay whose rate was used up, or that wants less (`isThrottled`), may be used again; set
   *  where that is too long to wait. */
  blocked: { readonly until: number; readonly isThrottled: boolean } | null = null;

  constructor(readonly tools: AllowanceTools) {}

  /** Why nothing more is started; once there is a reason it stays. */
  get stoppedBy(): StopReason | null {
    const { limits: { maxBatch, maxDeferred }, signal, outlets, counts } = this.tools;
    if (signal.aborted) return "signal";
    if (outlets.isNoneUsable) return outlets.areAllDown ? "relay" : "throttled";
    if (maxBatch !== null && counts.delivered >= maxBatch) return "max_batch";
    if (maxDeferred !== null && counts.notSent >= maxDeferred) return "max_deferred";
    if (this.blocked === null) return null;
    return this.blocked.isThrottled ? "throttled" : "rate";
  }

  get isStopping(): boolean {
    return this.tools.stopper.hasFailed || this.stoppedBy !== null;
  }

  /** How many more messages may be started now, whatever the relay, with so many in flight. */
  room(inFlight: number): number {
    if (this.isStopping) return 0;
    const { limits: { maxBatch, maxDeferred, throttleMs }, counts } = this.tools;
    // What is in flight may yet become sent or deferred: it uses up both limits.
    return Math.min(
      throttleMs > 0 ? 1 : Infinity,
      maxBatch === null ? Infinity : maxBatch - counts.delivered,
      maxDeferred === null ? Infinity : maxDeferred - counts.notSent,
    ) - inFlight;
  }
}
