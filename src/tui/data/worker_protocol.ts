// What the screen and its thread say to each other: questions. Used by
// worker_data.ts on one side and data_worker.ts on the other.

/** What the screen asks of the thread that has the queue. */
export interface Question {
  /** A method of Data. A message's bytes are read in pieces, under a number that the screen gives:
   *  `raw` begins, `next` goes on, `end` ends. */
  readonly method: string;
  readonly args: readonly unknown[];
}

/** How the queue is opened. */
export interface Opening {
  readonly queue: string;
  /** The file that the queue is; null for one that is none. */
  readonly file: string | null;
  readonly isReadonly: boolean;
}
