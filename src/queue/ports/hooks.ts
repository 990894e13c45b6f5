// What a store keeps of hooks, so that each is told of every event in its order, by one process at a
// time, whichever it is. Telling is src/app/hooks'; the events themselves are read by ports/events.ts.
// Errors of every method: `busy`, `disk_full`, `io_error`, `permission`, `queue_corrupt`.

/** How far a hook is, and how it fares. */
export interface HookState {
  readonly name: string;
  /** It was told of every event up to this number that it wants. */
  readonly position: number;
  /** The last event of a batch that was begun and may have been told; null if there is none. */
  readonly batchTo: number | null;
  /** Events told so far. */
  readonly told: number;
  /** When it was last told with success, ms since 1970. */
  readonly toldAt: number | null;
  /** Failures in a row. */
  readonly failures: number;
  readonly failingSince: number | null;
  /** It is told nothing before, ms since 1970; null = at once. */
  readonly nextAt: number | null;
  readonly lastError: string | null;
}

export interface Hooks {
  /** Makes places for hooks that have none: they begin with what happens from now on. */
  beginHooks(names: readonly string[]): Promise<void>;
  /** The hooks of these names, in their order; one without a place as it would begin. Only reads. */
  hookStates(names: readonly string[]): Promise<HookState[]>;
  /** Takes the hook for this process, until the lock is released or the process ends; null if another
   *  has it. */
  takeHook(name: string): Promise<{ release(): void } | null>;
  /** Notes how a hook fares, in one commit. False, and nothing is noted, if its position is not
   *  `from` any more: somebody has skipped events. A power cut may take the last notes: it is then told
   *  again. */
  noteHook(state: HookState, from: number): Promise<boolean>;
  /** The ids, among these, of messages with a tag that begins so. */
  idsTagged(ids: readonly string[], tagStart: string): Promise<string[]>;
  /** A name that no other queue has. */
  queueId(): Promise<string>;
}
