import type { AttemptRecord } from "../queue/message.ts";
import type { Store, WorkerHandle } from "../queue/ports.ts";

/** Attempts in one commit, at most. */
const GROUP = 64;
/** How long an attempt waits for others to be recorded with. */
const WAIT_MS = 20;

/** Records attempts in groups, so that durability does not cost one disk sync a message. */
export class Recorder {
  #waiting: AttemptRecord[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #writing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;

  constructor(
    readonly store: Store,
    readonly worker: WorkerHandle,
    /** Called with each attempt once it is on disk. */
    readonly onRecorded: (attempt: AttemptRecord, isClaimLost: boolean) => void,
  ) {}

  /** Takes an attempt to be recorded soon. */
  add(attempt: AttemptRecord): void {
    this.#waiting.push(attempt);
    if (this.#waiting.length >= GROUP) this.#writeSoon();
    else this.#timer ??= setTimeout(() => this.#writeSoon(), WAIT_MS);
  }

  /** What a write failed with, thrown: what could not be recorded must stop the sending. */
  check(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Resolves once everything taken is on disk; rejects if something could not be recorded. */
  async flush(): Promise<void> {
    this.#writeSoon();
    await this.#writing;
    this.check();
  }

  #writeSoon(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#waiting.length === 0) return;
    const group = this.#waiting;
    this.#waiting = [];
    this.#writing = this.#writing.then(() => this.#write(group));
  }

  async #write(group: readonly AttemptRecord[]): Promise<void> {
    try {
      const { lost } = await this.store.record(group, this.worker);
      for (const attempt of group) this.onRecorded(attempt, lost.includes(attempt.claim.token));
    } catch (error) {
      this.#failure ??= { error };
    }
  }
}
