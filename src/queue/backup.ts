/** How a copy of the queue is to be made. */
export interface BackupOptions {
  /** Writes over a plain file of that name. */
  readonly replaces: boolean;
  readonly signal: AbortSignal;
}

export interface BackupResult {
  readonly sizeBytes: number;
  /** Messages in the copy. */
  readonly messages: number;
}
