// What a person does to mail that is in the queue, by a command or on the screen. Actions on a
// filter run in commits of a few hundred messages, oldest first: one that fails has done its part
// on those before. What it resolved to is on disk.
// Errors of every method: `busy`, `disk_full`, `io_error`, `permission`, `queue_corrupt`.

import type { Filter } from "../filter.ts";
import type { Pause, PausedPart } from "../policy/pause.ts";
import type { Enqueued } from "./intake.ts";
import type { OnProgress } from "./progress.ts";
import type { Undo } from "./undo.ts";

export interface Operator {
  /** Moves deferred recipients back to queued. Where it is not for those due only, somebody wants them
   *  sent now: relays that are left alone may be tried again at once. */
  retry(filter: Filter, options: RetryOptions): Promise<RetryResult>;
  /** Queues recipients again whatever their state but `sending`, counters and lifetime anew. */
  resend(filter: Filter, options: ResendOptions): Promise<ActionResult>;
  /** Queues a copy of a message, with an id of its own, that names the old one (`replaces`); that
   *  one stays as it is. Bytes (Message-ID included), priority and tags are the same; it has no
   *  key and is not held. Throws `usage` if there is no such message, `input_unreadable` if its
   *  bytes were not kept. */
  resendChanged(id: string, changes: EnvelopeChanges): Promise<Enqueued>;
  /** Keeps open messages from being sent until `release`; what is being sent is finished. */
  hold(filter: Filter): Promise<ActionResult>;
  /** Ends the hold; the lifetime of the messages begins anew. */
  release(filter: Filter): Promise<ActionResult>;
  /** Cancels recipients that wait; those being sent to are left alone. */
  cancel(filter: Filter): Promise<ActionResult>;
  /** Deletes matching messages, never one being sent; resolves to how many. */
  purge(filter: Filter, options: PurgeOptions): Promise<number>;
  /** Lets nothing be claimed until `resume`, or until a time; a pause that there is already is replaced,
   *  but for when it began. Resolves to whether the queue was not paused before. */
  pause(options?: PauseOptions): Promise<boolean>;
  /** Ends the pause; resolves to whether there was one. */
  resume(): Promise<boolean>;
  /** Stops the mail of a part; a pause of it that there is already is replaced. Resolves to whether
   *  it was not paused before. */
  pausePart(pause: Pause): Promise<boolean>;
  /** Ends a part's pause and moves what waits of its mail back to queued; of a relay also what waits
   *  for it without a pause. Resolves to how many messages went back, or to null if there was
   *  nothing to end and none. */
  resumePart(part: PausedPart): Promise<number | null>;
  /** Puts addresses on the do-not-send list, in any case; resolves to how many were not on it. */
  suppress(addresses: readonly string[], reason: string | null): Promise<number>;
  /** Takes addresses off the list; resolves to how many were on it. */
  unsuppress(addresses: readonly string[]): Promise<number>;
  /** Takes back what is done to mail by this connection. */
  undo(): Promise<Undo>;
  /** Copies the queue as it is at one moment into a file of its own that is a queue, too; others go
   *  on writing meanwhile. It was looked over as a whole, is on disk once this resolves, and is not
   *  there at all if this rejects. Throws `cannot_create`, also where there is such a file already,
   *  `queue_corrupt` for a damaged queue, and `busy` if it was told to stop. */
  backup(path: string, options: BackupOptions): Promise<BackupResult>;
}

/** How a person wants the queue paused; nothing given = until somebody ends it. */
export interface PauseOptions {
  /** Ms since 1970; null = until somebody ends it. */
  readonly until?: number | null;
  /** Why, for people. */
  readonly reason?: string | null;
}

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

export interface RetryOptions {
  /** Only recipients whose next try is due. */
  readonly dueOnly: boolean;
  /** Told of messages looked at. */
  readonly onProgress?: OnProgress;
}

export interface ResendOptions {
  /** Only recipients it was not sent to. */
  readonly unsentOnly: boolean;
  /** Told of messages looked at. */
  readonly onProgress?: OnProgress;
}

export interface RetryResult {
  /** Messages with a recipient that was queued. */
  readonly requeued: number;
  /** Matching messages that failed for want of retries. */
  readonly exhausted: number;
}

export interface PurgeOptions {
  /** Only messages final since before this time. */
  readonly finalBefore: number | null;
  /** Open messages too. */
  readonly includeOpen: boolean;
  /** Told of messages looked at. */
  readonly onProgress?: OnProgress;
}

/** How a copy of the queue is to be made. */
export interface BackupOptions {
  /** Writes over a plain file of that name. */
  readonly replaces: boolean;
  readonly signal: AbortSignal;
  /** Told of bytes copied. */
  readonly onProgress?: OnProgress;
}

export interface BackupResult {
  readonly sizeBytes: number;
  /** Messages in the copy. */
  readonly messages: number;
  /** When it was made, ms since 1970. It is noted in the copy, too. */
  readonly madeAt: number;
  /** When the newest message in it was queued; null if there is none. */
  readonly newestAt: number | null;
}
