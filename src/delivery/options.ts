// What a pass over the queue is told, in groups: by which relays mail goes, how failures are
// judged, when to end, and what it uses of the machine. The application makes it of the settings;
// the round and what belongs to it read it.

import type { AttemptRecord } from "../queue/claim.ts";
import type { Rate } from "../queue/policy/rate.ts";
import type { RetryPolicy } from "../queue/policy/retry.ts";
import type { Route } from "../queue/policy/route.ts";
import type { Rule } from "../queue/policy/rule.ts";
import type { Claims } from "../queue/ports/claims.ts";
import type { Reader } from "../queue/ports/reader.ts";
import type { Clock, Random, Wait } from "../system/time.ts";
import type { ErrorHandler } from "./error_handler.ts";
import type { OnNews } from "./news.ts";
import type { OutletPlan } from "./outlets/outlet.ts";

export interface PassOptions {
  readonly store: Claims & Reader;
  readonly outlets: OutletOptions;
  readonly judging: Judging;
  readonly limits: Limits;
  readonly machine: PassMachine;
  /** Told to stop: messages whose bytes go out are finished, the others given back. */
  readonly signal: AbortSignal;
  /** Only these messages (whole ids); absent = all. */
  readonly ids?: readonly string[];
  /** Called with each attempt once it is on disk. `isClaimLost`: another worker had taken the
   *  message over meanwhile. */
  readonly onAttempt?: (attempt: AttemptRecord, end: { readonly isClaimLost: boolean }) => void;
  /** Given, at the beginning, what says how far the pass is whenever it is asked. */
  readonly onBegin?: (look: () => PassState) => void;
  /** Told what else happens. */
  readonly onNews?: OnNews;
}

/** How far a pass is. */
export interface PassState {
  /** Messages done with, whatever became of them. */
  readonly done: number;
  /** Messages that are being sent. */
  readonly inFlight: number;
  /** What all that is left waits for, such as `the rate of the relay default`; null = nothing. */
  readonly waitsFor: string | null;
}

/** By which relays mail goes, and how fast. */
export interface OutletOptions {
  readonly relays: readonly OutletPlan[];
  /** Which recipients go by which relays; the others go by the relay called `default`. */
  readonly routes: readonly Route[];
  /** The most messages to one recipient domain. */
  readonly ratePerDomain: Rate | null;
}

/** What becomes of a recipient that was not sent to. */
export interface Judging {
  readonly policy: RetryPolicy;
  /** What replies mean, whatever they would mean otherwise. */
  readonly rules: readonly Rule[];
  /** Asked after the rules; null = nobody is asked. */
  readonly errorHandler: ErrorHandler | null;
  /** What may have been delivered is held for a person to look at, not tried again. */
  readonly isUncertainHeld: boolean;
}

/** When a pass ends before the queue is empty, and how fast it may go. */
export interface Limits {
  /** Ends the pass after so many messages sent; those in flight count. */
  readonly maxBatch: number | null;
  /** Ends the pass after so many messages deferred or failed; those in flight count. */
  readonly maxDeferred: number | null;
  /** A pause after each attempt, in ms, of which there is one at a time then; 0 = none. */
  readonly throttleMs: number;
  /** How long the pass waits, with nothing else to do, for a relay that wants less, in ms; absent =
   *  a minute. */
  readonly patienceMs?: number;
  /** How long messages whose bytes go out may still take once the pass is to stop; absent = a minute. */
  readonly finishMs?: number;
}

/** What a pass uses of the machine. */
export interface PassMachine {
  readonly clock: Clock;
  readonly random: Random;
  readonly wait: Wait;
}
