// What can be seen of the queue. Lists, `show`, `status`, the screen and the service read by it;
// staged mail is never seen. Only `bringSearchUpToDate` writes, and only to the search index.
// Errors of every method: `busy`, `io_error`, `permission`, and `queue_corrupt` for a damaged file
// or a row that holds what no mailq writes.

import type { Filter, ListOptions } from "../filter.ts";
import type { MessageDetail, MessageSummary } from "../message.ts";
import type { QueueStats } from "../stats.ts";
import type { PausedPart } from "../policy/pause.ts";
import type { OnProgress } from "./progress.ts";
import type { RateUse } from "../policy/rate.ts";
import type { UnsentRecipient } from "../unsent.ts";
import type { HealthFigures, QueueStatus } from "../status.ts";

export interface Reader {
  /** Whole ids that begin with `prefix`, in their order, at most `limit`. */
  idsWithPrefix(prefix: string, limit: number): Promise<string[]>;
  /** Tags of mail that begin with `prefix`, in their order, at most `limit`. */
  tagsWithPrefix(prefix: string, limit: number): Promise<string[]>;
  /** The messages of a filter, in the order asked for, read page by page: what changes meanwhile may
   *  show in part. Throws `usage` if the message to go on after is gone. */
  list(filter: Filter, options: ListOptions): AsyncIterable<MessageSummary>;
  /** How many messages a filter means. Looks at each of them. */
  count(filter: Filter): Promise<number>;
  /** One message (whole id) with its recipients and attempts, oldest first; null if there is none. */
  show(id: string): Promise<MessageDetail | null>;
  /** The bytes of a message, in pieces of at most 256 KB. Throws `queue_corrupt` if a piece is
   *  missing, and `input_unreadable` if they were deleted when it was sent. */
  content(seq: number): AsyncIterable<Uint8Array>;
  /** Counts by status, workers and relays: fast however long the queue is. */
  status(): Promise<QueueStatus>;
  stats(): Promise<QueueStats>;
  /** Deferred messages that a pause, or a relay that is left alone, keeps back. Looks at each deferred
   *  message. */
  waitingFor(part: PausedPart): Promise<number>;
  /** Figures for a monitor; `failedSince` in ms since 1970. Fast however long the queue is. */
  healthFigures(failedSince: number): Promise<HealthFigures>;
  /** Recipients that wait or have failed, message by message. Looks at each of them. */
  unsent(): AsyncIterable<UnsentRecipient>;
  /** How much of each rate is used, by its scope (`relay:NAME`, `domain:DOMAIN`). */
  rateUses(): Promise<ReadonlyMap<string, RateUse>>;
  /** The do-not-send list, in order of address. */
  suppressions(): AsyncIterable<Suppression>;
  /** When the first deferred, scheduled or expiring message after `after` is due, or the first pause
   *  ends, both in ms since 1970; null if none waits. */
  nextDueAt(after: number): Promise<number | null>;
  /** Resolves once another process has changed the queue, or a worker of it has died, since the
   *  last call ended, or once `signal` is aborted. The first call begins the watch. */
  changed(signal: AbortSignal): Promise<void>;
  /** Takes all messages into the search index, in commits of at most 2,000 or 50 ms with pauses,
   *  until done or told to stop. A search finds what is not in the index yet too, but reads it
   *  message by message. */
  bringSearchUpToDate(options?: SearchIndexOptions): Promise<void>;
}

export interface SearchIndexOptions {
  readonly signal?: AbortSignal;
  /** Told after each commit how many of the messages that were missing are in the index. */
  readonly onProgress?: OnProgress;
}

export interface Suppression {
  readonly address: string;
  readonly reason: string | null;
  readonly createdAt: number;
}
