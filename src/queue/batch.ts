/** A batch that this process holds open and others add to. It shows nowhere until it is committed;
 *  if this process dies, nobody can add to it any more and the next sender sweeps it. */
export interface OpenBatch {
  /** What another process joins it by. */
  readonly token: string;
  /** Makes everything in it visible at once, or a part of the batch that it was opened within;
   *  from then on nobody can add to it. Its messages count as queued from now on. */
  commit(): Promise<BatchEnd>;
  /** Drops everything in it. */
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

export interface KnownMessage {
  readonly id: string;
  /** The message that has its key. */
  readonly firstId: string;
}
