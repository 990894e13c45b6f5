import type { Claim } from "./message.ts";
import type { Rate } from "./policy/rate.ts";

/** A worker's registration. Its lock is held until `close`, or until its process ends. */
export interface WorkerHandle {
  readonly id: number;
  /** Notes, so that it outlives this process, that the bytes of a claim begin to go out. */
  noteDataBegun(token: number): void;
  /** Nothing is in hand: what was noted is forgotten. */
  noteIdle(): void;
  /** Shows that the worker lives and goes round. */
  beat(): Promise<void>;
  close(): Promise<void>;
}

export interface ClaimRequest {
  readonly worker: WorkerHandle;
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

/** Recipients of a claim that are to wait. */
export interface Postponed {
  readonly claim: Claim;
  /** Places of the recipients in the message. */
  readonly recipients: readonly number[];
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

export interface RecordResult {
  /** Tokens of claims that had been lost; of those only acceptances were recorded. */
  readonly lost: readonly number[];
}
