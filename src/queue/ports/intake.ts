// How mail comes into the queue. The enqueue path, drops and batches need no more than this.
// What a message must be like is checked before (src/intake); a store only keeps it.
// Errors of every method: `busy`, `disk_full`, `io_error`, `permission`, `queue_corrupt`.

import type { ContentFacts, NewMessage, WholeMessage } from "../message.ts";

/** Takes messages: the queue itself, an open batch of another process, or a drop box. */
export interface Enqueuer {
  /** Stores all messages or none, in one commit, visible at once. Resolves, once they are on disk, to
   *  what became of each, in their order. */
  enqueue(messages: readonly WholeMessage[]): Promise<Enqueued[]>;
  /** Begins a stage for more messages, or larger ones, than one commit should hold. */
  stage(): Promise<Stage>;
}

export interface Intake extends Enqueuer {
  /** Opens a batch that other processes add to, or one that becomes part of the open batch
   *  `within`. Throws `batch_ended` if that is over. */
  openBatch(within: string | null): Promise<OpenBatch>;
  /** Joins another process's open batch by its token. Each `enqueue`, and each stage at its commit,
   *  is all or nothing. They know the keys of the queue and of the batch, and reject with
   *  `batch_ended` once the batch is over or its process is dead. Throws `config_invalid` for a batch
   *  of another queue. */
  joinBatch(token: string): Promise<Enqueuer>;
  /** The addresses among `addresses` that are on the do-not-send list, in their order and as they
   *  were given; upper and lower case are the same. */
  suppressedAmong(addresses: readonly string[]): Promise<string[]>;
}

/** What became of one message of an enqueue call. */
export interface Enqueued {
  readonly id: string;
  /** The key was known already: `id` is the first message's and nothing was stored. */
  readonly isKnownKey: boolean;
  /** Recipients on the do-not-send list, recorded as `suppressed`. */
  readonly suppressed: readonly string[];
}

/** Messages that become visible together or not at all. A stage that is neither committed nor
 *  aborted (its process died) is swept by the next one that opens the queue for sending. */
export interface Stage {
  add(messages: readonly WholeMessage[]): Promise<Enqueued[]>;
  /** Adds a message too large for memory: its bytes are taken from `pieces` in commits of their
   *  own, and what only its end tells comes from `facts` once `pieces` has ended. */
  addLarge(
    message: NewMessage,
    pieces: AsyncIterable<Uint8Array>,
    facts: () => ContentFacts,
  ): Promise<Enqueued>;
  /** Makes everything visible; once this resolves the mail is on disk. Messages whose key another
   *  call has taken meanwhile are not stored, all others are: resolves to the first message of each
   *  such key, by the id of the one that was staged. */
  commit(): Promise<ReadonlyMap<string, Enqueued>>;
  /** Drops everything in it; after a commit it does nothing. */
  abort(): Promise<void>;
}

/** A batch that this process holds open and others add to. It shows nowhere until it is committed;
 *  if this process dies, nobody can add to it any more and the next sender sweeps it. */
export interface OpenBatch {
  /** What another process joins it by. */
  readonly token: string;
  /** Makes everything in it visible at once, or a part of the batch that it was opened within;
   *  from then on nobody can add to it. Its messages count as queued from now on. */
  commit(): Promise<BatchEnd>;
  /** Drops everything in it; after a commit it does nothing. */
  abort(): Promise<void>;
}

/** What came of a batch that was committed. */
export interface BatchEnd {
  /** Messages that it brought. */
  readonly count: number;
  /** Ids of those that are to be sent at once, in their order; none if it was within another. */
  readonly urgent: readonly string[];
  /** Messages dropped since their key was taken while the batch was open. */
  readonly known: readonly KnownMessage[];
}

interface KnownMessage {
  readonly id: string;
  /** The message that has its key. */
  readonly firstId: string;
}
