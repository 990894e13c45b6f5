// A queue as one side of `mailq copy`, which carries all of it into another one, of whichever store.
// src/app/copy goes through it; rows are those of the stores' tables, whose columns have the same names.
// Errors of every method: `busy`, `disk_full`, `io_error`, `permission`, `queue_corrupt`.

import type { NumberedEvent } from "../event.ts";

/** A row by the names of its columns. */
export type CopiedRow = Readonly<Record<string, null | number | string>>;

/** Rows by the names of their tables. */
export type TableRows = ReadonlyMap<string, readonly CopiedRow[]>;

/** A message with all that belongs to it. */
export interface CopiedMessage {
  /** In the queue that it was read from. */
  readonly seq: number;
  readonly row: CopiedRow;
  /** Its recipients, attempts and whatever else, by their tables. */
  readonly children: TableRows;
  /** Its bytes as they are cut into rows; empty where they were not kept. */
  readonly parts: readonly Uint8Array[];
}

/** How far the copy of another queue has come. It is kept in the queue that takes it, and moves in the
 *  same commits: a copy that was cut off goes on behind it. */
export interface CopyMark {
  /** The messages up to this seq of the other queue are here. */
  readonly upTo: number;
  /** How many that were. */
  readonly messages: number;
  /** The events up to this number are here; null where this queue has events of its own. */
  readonly events: number | null;
  /** The counts that were added to this queue's, by name and labels. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The queue that is copied. */
interface CopySource {
  queueId(): Promise<string>;
  /** Messages that a worker has. */
  claimed(): Promise<number>;
  /** Up to which seq all mail is visible and no more can come, and the newest seq there is. */
  reach(): Promise<{ readonly settled: number; readonly newest: number }>;
  /** How many messages there are after a seq. */
  count(after: number): Promise<number>;
  /** Some messages after `after`, up to `upTo`, in the order of seq; none where there are no more.
   *  Throws `busy` where sending goes on. */
  messages(after: number, upTo: number): Promise<readonly CopiedMessage[]>;
  /** What the queue knows besides mail. */
  others(): Promise<TableRows>;
}

/** What came of messages that were put into a queue. */
export interface PutMessages {
  readonly mark: CopyMark;
  /** Those whose key another message has here. They have none now, and what was to be sent is held. */
  readonly keyless: number;
}

/** The queue that a copy is put into. */
interface CopyTarget {
  queueId(): Promise<string>;
  /** Begins a copy of the queue `source`, or goes on with it; pauses this queue for `reason` if it is
   *  not paused. */
  begin(source: string, reason: string): Promise<CopyMark>;
  /** Puts messages in, in their order, and moves the mark, in one commit. All of it was read again and
   *  compared before. Throws `usage` for a message that is here already, and `busy` where the mark is
   *  not `mark` any more. */
  putMessages(
    source: string,
    messages: readonly CopiedMessage[],
    mark: CopyMark,
  ): Promise<PutMessages>;
  /** Puts events in that follow those of the mark. Its `events` are null from then on where others came
   *  meanwhile. */
  putEvents(
    source: string,
    page: { readonly events: readonly NumberedEvent[]; readonly upTo: number },
    mark: CopyMark,
  ): Promise<CopyMark>;
  /** Puts in what is not here yet, and adds counts. */
  putOthers(source: string, others: TableRows, mark: CopyMark): Promise<CopyMark>;
}

/** What a store has for both sides. */
export type Copying = CopySource & CopyTarget;
