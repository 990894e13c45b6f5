// Mail that others have put beside the queue by SQL, until a worker takes it in. Only a store that is a
// database has such an inbox; what becomes of a row there is src/app/inbox's to judge.
// Errors of every method: `busy`, `disk_full`, `io_error`, `permission`, `queue_corrupt`.

import type { WholeMessage } from "../message.ts";

export interface Inbox {
  /** Takes in what was put there first: each row becomes the message that `make` makes of it, all of it
   *  in one commit. What `make` throws `bad_message` or `bad_address` for, or what no queue can hold, is
   *  kept aside with the reason. Rows that another process is at are left to it. */
  takeIn(make: (row: InboxRow) => Promise<WholeMessage>): Promise<TakenIn[]>;
  /** Resolves once there may be something to take in, or once `signal` is aborted. */
  changed(signal: AbortSignal): Promise<void>;
  /** Deletes what was refused before `before` (ms since 1970); resolves to how much. */
  sweepRefused(before: number): Promise<number>;
}

/** A mail as it was handed over. Its parts have been looked at by nobody. */
export interface InboxRow {
  /** The id that its submitter was told. */
  readonly id: string;
  /** When it was put there, ms since 1970. */
  readonly at: number;
  /** The database's role. */
  readonly submitter: string;
  readonly key: string | null;
  /** What a JSON line would say of it. */
  readonly line: unknown;
  /** The bytes of a whole message; null where it is to be made of the line. */
  readonly message: Uint8Array | null;
}

/** What became of a row. */
export interface TakenIn {
  readonly id: string;
  readonly submitter: string;
  /** Why it was refused; null if it is in the queue. */
  readonly refused: string | null;
  /** The message that has its key, which came first; null where it is that itself. */
  readonly firstId: string | null;
}

/** What is in the inbox. */
export interface InboxFigures {
  readonly waiting: number;
  /** Since when the oldest waits, ms since 1970; null if none does. */
  readonly oldestAt: number | null;
  /** Kept aside because it was refused. */
  readonly refused: number;
}
