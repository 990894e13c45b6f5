// What a worker does to the queue: it registers, claims messages, records attempts, and sees to
// what is due. Delivery calls it; which message goes where and when is decided there.
// Every method that writes is one commit (or, where it says so, several); what it resolved to is on
// disk. Errors of every method: `busy`, `disk_full`, `io_error`, `permission`, `queue_corrupt`.

import type { AttemptRecord, Claim } from "../claim.ts";
import type { RelayHealth } from "../policy/breaker.ts";
import type { Pause } from "../policy/pause.ts";
import type { Rate } from "../policy/rate.ts";
import type { Stall } from "../policy/stall.ts";
import type { RelayLimits } from "../policy/throttle.ts";
import type { Suspicion } from "../policy/suspicion.ts";

export interface Claims {
  /** Registers a worker of this kind (`send`, `run`), for status and for who takes over. */
  registerWorker(kind: string): Promise<WorkerHandle>;
  /** Lends due messages in queue order: priority, then queued longest, then arrival. Nothing of
   *  a paused queue. If the worker dies another takes the messages over at once. */
  claimDue(request: ClaimRequest): Promise<ClaimBatch>;
  /** Records attempts, all in one commit; recipients that a claim's last attempt did not reach are
   *  queued again in their old place. A store that was opened not to keep bodies deletes the bytes
   *  of a message that has become sent. */
  record(attempts: readonly AttemptRecord[]): Promise<RecordResult>;
  /** Gives claims back untried; they keep their place. Claims that were lost are left alone. */
  giveBack(claims: readonly Claim[]): Promise<void>;
  /** Defers recipients of claims untried and without using up a retry: their relay is to be left
   *  alone, or their rate is used up. Claims that were lost are left alone. */
  postpone(postponed: readonly Postponed[]): Promise<void>;
  /** Queues again what dead workers held and sweeps what dead processes staged, in several commits.
   *  Resolves to how many messages were queued again. */
  takeOver(): Promise<number>;
  /** Fails open, unheld recipients whose message's `expires_at` has passed, in commits of a few
   *  hundred. Resolves to how many messages it met. */
  expireDue(): Promise<number>;
  /** Moves recipients whose next try is due back to queued, in commits of a few hundred. Resolves to
   *  of how many messages. */
  requeueDue(): Promise<number>;
  /** Moves recipients whose next try is after `latest` (ms since 1970) back to queued: a clock that
   *  has been set back since had set it. Resolves to of how many messages. */
  requeueAfter(latest: number): Promise<number>;
  /** Notes, for status, that a round over the queue came to its end. */
  noteRound(): Promise<void>;
  /** What is known of a relay's faults; healthy if nothing is. */
  relayHealth(name: string): Promise<RelayHealth>;
  /** Changes what is known of a relay, in one commit; resolves to what it became. */
  noteRelay(name: string, change: (health: RelayHealth) => RelayHealth): Promise<RelayHealth>;
  /** What a relay was found to bear; no limits if nothing is known. */
  relayLimits(name: string): Promise<RelayLimits>;
  /** Keeps what a relay was found to bear, in place of what was known. */
  noteLimits(name: string, limits: RelayLimits): Promise<void>;
  /** The family of addresses that reached a relay last: 4 or 6; null if it is not known. */
  relayFamily(name: string): Promise<4 | 6 | null>;
  noteFamily(name: string, family: 4 | 6): Promise<void>;
  /** Notes when the certificate ends that a relay has shown, ms since 1970; for monitors. */
  noteCertificate(name: string, endsAt: number): Promise<void>;
  /** Forgets a relay's faults and limits, in one commit. */
  forgetRelay(name: string): Promise<void>;
  /** What a relay is suspected of, in no order. */
  suspicions(relay: string): Promise<readonly Suspicion[]>;
  /** Changes the suspicion of a relay with this key (`refusalKey`), in one commit; null, given or
   *  returned, is none. Resolves to what it became. */
  noteSuspicion(
    relay: string,
    key: string,
    change: (suspicion: Suspicion | null) => Suspicion | null,
  ): Promise<Suspicion | null>;
  /** The relay takes other mail: the recipients it is suspected of refusing without reason fail,
   *  as far as they still wait, and the suspicions end, in one commit. Resolves to how many messages
   *  have failed so. */
  condemnSuspects(relay: string): Promise<number>;
  /** All pauses of parts there are, those that are over too: `isInForce` tells. Cheap. */
  pauses(): Promise<readonly Pause[]>;
  /** Notes an automatic pause, in place of the one there is; one that a person has set stays. If it is
   *  over, and the one before was not, what waited for that is queued again. */
  notePause(pause: Pause): Promise<void>;
  /** Notes that the queue stands still, or, with null, that it moves again, and tells it. Resolves to
   *  whether that is new. */
  noteStall(stall: Stall | null): Promise<boolean>;
  /** Tells that pauses have ended whose time is over, of parts and of the whole queue; each once. */
  endPauses(): Promise<void>;
  /** Takes a share of every rate, or of none; see ShareResult. */
  takeShares(shares: readonly Share[]): Promise<ShareResult>;
}

/** A worker's registration. Its lock is held until `close`, or until its process ends. */
export interface WorkerHandle {
  readonly id: number;
  /** To be asked before a claim is handed over, in stores where others may have taken it over meanwhile:
   *  resolves to whether it still is this worker's, once others can know that it begins; null where it
   *  may begin at once. Rejects as the store does. */
  mayBegin?(token: number): Promise<boolean> | null;
  /** Notes, so that it outlives this process, that the bytes of a claim begin to go out. */
  noteDataBegun(token: number): void;
  /** Nothing is in hand: what was noted is forgotten. */
  noteIdle(): void;
  /** Shows that the worker lives and goes round. */
  beat(): Promise<void>;
  /** Ends the registration; what the worker still holds is queued again. May be called twice. */
  close(): Promise<void>;
}

export interface ClaimRequest {
  readonly worker: WorkerHandle;
  /** Messages, at most. */
  readonly limit: number;
  /** Only these messages (whole ids). */
  readonly ids?: readonly string[];
  /** Leave out what this worker has tried already. */
  readonly onlyUntried: boolean;
  /** Bodies that come with their claims, at most; others are read when they are needed. Absent = a
   *  few megabytes. */
  readonly bodyBytes?: number;
}

export interface ClaimBatch {
  readonly claims: readonly Claim[];
  /** Messages met whose `expires_at` had passed; they have failed. */
  readonly expired: number;
  /** Messages met that had no recipient left but suppressed ones. */
  readonly suppressed: number;
}

export interface RecordResult {
  /** Tokens of claims that had been lost; of those only acceptances were recorded. */
  readonly lost: readonly number[];
}

/** Recipients of a claim that are to wait. */
export interface Postponed {
  readonly claim: Claim;
  /** Their numbers in the message (`ClaimedRecipient.n`). */
  readonly recipients: readonly number[];
  /** Ms since 1970. */
  readonly until: number;
  /** Why, for people to read. */
  readonly reason: string;
}

/** One message's part of a rate; all that share a scope share the rate. */
export interface Share {
  readonly scope: string;
  readonly rate: Rate;
}

/** Null if every share was taken; else the scope that is used up, and for how long. */
export type ShareResult = { readonly scope: string; readonly waitMs: number } | null;
