import type {
  AttemptRecord,
  Claim,
  ContentFacts,
  MessageDetail,
  MessageSummary,
  NewMessage,
} from "./message.ts";
import type { BackupOptions, BackupResult } from "./backup.ts";
import type { OpenBatch } from "./batch.ts";
import type { DsnRequest } from "./dsn.ts";
import type { Filter, ListOptions, SearchProgress } from "./filter.ts";
import type { OutcomeKind, Phase, Reply } from "./outcome.ts";
import type { RelayHealth } from "./policy/breaker.ts";
import type { QueueStats } from "./stats.ts";
import type { QueueStatus } from "./status.ts";
import type { ActionResult, EnvelopeChanges, PurgeOptions, RetryResult } from "./actions.ts";
import type {
  ClaimBatch,
  ClaimRequest,
  Postponed,
  RecordResult,
  Share,
  ShareResult,
  WorkerHandle,
} from "./worker.ts";

// ---------------------------------------------------------------- store

/** A message whose bytes fit in memory. */
export interface WholeMessage extends NewMessage, ContentFacts {
  readonly content: Uint8Array;
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
  abort(): Promise<void>;
}

export type { ActionResult, EnvelopeChanges, PurgeOptions, RetryResult } from "./actions.ts";
export { type Filter, type ListOptions, type SearchProgress, type Sort, SORTS } from "./filter.ts";

export type { QueueCounts, QueueStatus, RelayStatus, WorkerInfo } from "./status.ts";

export interface Suppression {
  readonly address: string;
  readonly reason: string | null;
  readonly createdAt: number;
}

/** The queue on disk. Every method that writes is one transaction (or, where it says so, a row
 *  of them); what it resolved to is durable. Errors: `busy`, `disk_full`, `io_error`,
 *  `queue_corrupt`, `permission`. */
export interface Store {
  /** Stores all messages or none, visible at once, in one commit. */
  enqueue(messages: readonly WholeMessage[]): Promise<Enqueued[]>;
  stage(): Promise<Stage>;
  /** Opens a batch that other processes add to, or one that will be part of the open batch
   *  `within`. Throws `batch_ended` if that is over. */
  openBatch(within: string | null): Promise<OpenBatch>;
  /** Takes mail into another process's open batch: of each `enqueue`, and of each stage at its
   *  commit, all or nothing. They know the keys of the queue and of the batch, and reject with
   *  `batch_ended` once that is over or its process is dead. Throws `config_invalid` for a batch
   *  of another queue. */
  joinBatch(token: string): Promise<Pick<Store, "enqueue" | "stage">>;
  /** The addresses among `addresses` that are on the do-not-send list. */
  suppressedAmong(addresses: readonly string[]): Promise<string[]>;

  registerWorker(kind: string): Promise<WorkerHandle>;
  /** Lends due messages in queue order: priority, then queued longest, then arrival. Nothing of
   *  a paused queue. If the worker dies another takes the messages over at once. */
  claimDue(request: ClaimRequest): Promise<ClaimBatch>;
  /** The bytes of a message, in pieces of at most 256 KB. */
  content(seq: number): AsyncIterable<Uint8Array>;
  /** Records attempts, all in one commit; recipients that a claim's last attempt did not reach
   *  are queued again in their old place. If `keepsBodies` is false the bytes of a message that
   *  has become sent are deleted with it. */
  record(
    attempts: readonly AttemptRecord[],
    worker: WorkerHandle,
    keepsBodies?: boolean,
  ): Promise<RecordResult>;
  /** Gives claims back untried; they keep their place. */
  giveBack(claims: readonly Claim[], worker: WorkerHandle): Promise<void>;
  /** Defers recipients of claims untried and without using up a retry: their relay is to be left
   *  alone, or their rate is used up. */
  postpone(postponed: readonly Postponed[], worker: WorkerHandle): Promise<void>;
  relayHealth(name: string): Promise<RelayHealth>;
  /** Changes what is known of a relay; returns what it became. */
  noteRelay(name: string, change: (health: RelayHealth) => RelayHealth): Promise<RelayHealth>;
  /** Takes a share of every rate, or of none; see ShareResult. */
  takeShares(shares: readonly Share[]): Promise<ShareResult>;
  /** When the first deferred, scheduled or expiring message after `after` is due; null if none
   *  waits. */
  nextDueAt(after: number): Promise<number | null>;
  /** Resolves once another process has changed the queue, or a worker of it has died, since the
   *  last call ended, or once `signal` is aborted. The first call begins the watch. */
  changed(signal: AbortSignal): Promise<void>;
  /** Requeues what dead workers held and sweeps what dead processes staged; returns messages
   *  requeued. */
  takeOver(): Promise<number>;
  /** Notes that a round over the queue came to its end. */
  noteRound(): Promise<void>;
  /** Fails open, unheld recipients whose message's `expires_at` has passed. */
  expireDue(): Promise<number>;

  /** Whole ids that begin with `prefix`, at most `limit`. */
  idsWithPrefix(prefix: string, limit: number): Promise<string[]>;
  list(filter: Filter, options: ListOptions): AsyncIterable<MessageSummary>;
  /** Takes all messages into the search index, in commits of at most 2,000 or 50 ms with pauses,
   *  until done or told to stop. A search finds what is not in the index yet too, but reads it
   *  message by message. */
  bringSearchUpToDate(signal?: AbortSignal, tell?: SearchProgress): Promise<void>;
  /** How many messages a filter means. Looks at each of them. */
  count(filter: Filter): Promise<number>;
  show(id: string): Promise<MessageDetail | null>;
  status(): Promise<QueueStatus>;
  stats(): Promise<QueueStats>;

  /** Moves deferred recipients back to queued, those due only if `dueOnly`. Otherwise somebody wants
   *  them sent now: relays that are left alone may be tried again at once. */
  retry(filter: Filter, dueOnly: boolean): Promise<RetryResult>;
  /** Moves recipients whose next try is due back to queued; returns of how many messages. */
  requeueDue(): Promise<number>;
  /** Queues recipients again whatever their state (all, or those not sent), counters and
   *  lifetime anew. */
  resend(filter: Filter, unsentOnly: boolean): Promise<ActionResult>;
  /** Queues a copy of a message, with an id of its own, that names the old one (`replaces`); that
   *  one stays as it is. Bytes (Message-ID included), priority and tags are the same; it has no
   *  key and is not held. Throws `usage` if there is no such message, `input_unreadable` if its
   *  bytes were not kept. */
  resendChanged(id: string, changes: EnvelopeChanges): Promise<Enqueued>;
  hold(filter: Filter): Promise<ActionResult>;
  release(filter: Filter): Promise<ActionResult>;
  cancel(filter: Filter): Promise<ActionResult>;
  /** Deletes matching messages in commits of a few hundred, never one being sent; returns how
   *  many. */
  purge(filter: Filter, options: PurgeOptions): Promise<number>;
  /** Returns whether the queue was not paused before. */
  pause(): Promise<boolean>;
  resume(): Promise<boolean>;

  suppress(addresses: readonly string[], reason: string | null): Promise<number>;
  unsuppress(addresses: readonly string[]): Promise<number>;
  suppressions(): AsyncIterable<Suppression>;

  /** Copies the queue as it is at one moment into a file of its own that is a queue, too; others go
   *  on writing meanwhile. It was looked over as a whole, is on disk once this resolves, and is not
   *  there at all if this rejects. Throws `cannot_create`, also where there is such a file already,
   *  `queue_corrupt` for a damaged queue, and `busy` if it was told to stop. */
  backup(path: string, options: BackupOptions): Promise<BackupResult>;

  close(): Promise<void>;
}

// ---------------------------------------------------------------- transport

/** What a transport needs to hand one message over. */
export interface Delivery extends ContentFacts {
  readonly id: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  /** All bytes, or the means to read them in pieces; it may be read more than once. */
  readonly content: Uint8Array | (() => AsyncIterable<Uint8Array>);
  /** Passed on where the relay can; other relays notify as they like. */
  readonly dsn?: DsnRequest | null;
}

/** One recipient's outcome as the transport saw it. */
export interface DeliveryOutcome extends Reply {
  readonly kind: OutcomeKind;
  /** The relay itself is at fault (it cannot be reached, it refuses our login): no retry is
   *  used up. */
  readonly isRelayFault: boolean;
  /** Where in the conversation it was decided; null or absent where there is none. */
  readonly phase?: Phase | null;
}

/** How a hand-over ended. */
export interface DeliveryReport {
  /** One for each recipient, in their order. */
  readonly outcomes: readonly DeliveryOutcome[];
  /** Whom we spoke to, as `name:port` or a path. */
  readonly host: string | null;
  /** The TLS version in use, such as `TLSv1.3`. */
  readonly tls: string | null;
  /** Where a step failed: the action and what went wrong, in one line. */
  readonly error: string | null;
  /** The stack of the error, where one was thrown. */
  readonly traceback: string | null;
  /** The conversation without body and secrets, at most 64 KB; null where all went well. */
  readonly transcript: string | null;
}

export interface DeliverOptions {
  /** Called once just before the first byte of the message goes out: from here on a crash
   *  leaves the hand-over uncertain. */
  readonly onDataBegin: () => void;
  /** Stops before the bytes begin to go out; from there to the reply it is not obeyed. */
  readonly signal: AbortSignal;
}

/** One connection's worth of a way out: hands over one message at a time. */
export interface Transport {
  /** `deliver` may be called for the next message while one is under way; it is begun as soon as
   *  the bytes of the one before are out. */
  readonly takesAhead?: boolean;
  /** Never rejects for what a relay or the network does: that is a report. */
  deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport>;
  /** Says goodbye where there is somebody to say it to, and frees everything. */
  close(): Promise<void>;
}

/** Makes the connections of one relay. */
export interface Relay {
  readonly name: string;
  open(): Transport;
}
