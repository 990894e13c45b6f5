// Brings attempts to the disk, many in one commit, so that durability does not cost one disk sync a
// message. `deliver_claim.ts` hands each attempt in; the store writes it. Until `flush` has
// resolved an attempt may still be in memory.

import type { Claims } from "../../queue/ports/claims.ts";
import type { AttemptRecord, Claim } from "../../queue/claim.ts";
import type { Wait } from "../../system/time.ts";
import type { PassOptions } from "../options.ts";

/** Attempts in one commit, at most. */
const COMMIT_ATTEMPTS = 512;
/** How long an attempt waits for others to be recorded with, in ms. */
const WAIT_MS = 20;

/** The reason for ending a wait; without a reason a stack is taken each time. */
const NOT_NEEDED = "not needed any more";

interface RecorderTools {
  readonly store: Claims;
  readonly wait: Wait;
  readonly onAttempt?: PassOptions["onAttempt"];
  /** Told what a write failed with: what cannot be recorded must stop the sending. */
  readonly stopper: { fail(error: unknown): void };
}

/** Records attempts, those that come close together in one commit. */
export class Recorder {
  #waiting: AttemptRecord[] = [];
  /** Ends the wait for more attempts. */
  #timer: AbortController | null = null;
  #writing: Promise<void> = Promise.resolve();
  #hasFailed = false;

  constructor(readonly tools: RecorderTools) {}

  /** Takes an attempt to be recorded soon. */
  add(attempt: AttemptRecord): void {
    this.#waiting.push(attempt);
    // After a failure all waits for `flush`: the pass is being ended.
    if (this.#hasFailed) return;
    if (this.#waiting.length >= COMMIT_ATTEMPTS) this.#writeSoon();
    else if (this.#timer === null) this.#startTimer();
  }

  /** Resolves once everything taken is on disk, or has failed to get there: what failed before
   *  is tried once more. */
  async flush(): Promise<void> {
    await this.#writing;
    this.#writeSoon();
    await this.#writing;
  }

  /** Whether an attempt of this claim is not on disk. */
  holds(claim: Claim): boolean {
    return this.#waiting.some((attempt) => attempt.claim.token === claim.token);
  }

  #startTimer(): void {
    const timer = new AbortController();
    this.#timer = timer;
    void this.tools.wait(WAIT_MS, timer.signal).then(() => {
      if (!timer.signal.aborted) this.#writeSoon();
    });
  }

  #writeSoon(): void {
    this.#timer?.abort(NOT_NEEDED);
    this.#timer = null;
    const taken = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < taken.length; at += COMMIT_ATTEMPTS) {
      const group = taken.slice(at, at + COMMIT_ATTEMPTS);
      this.#writing = this.#writing.then(() => this.#write(group));
    }
  }

  async #write(group: readonly AttemptRecord[]): Promise<void> {
    const { store, onAttempt, stopper } = this.tools;
    let isOnDisk = false;
    try {
      const { lost } = await store.record(group);
      isOnDisk = true;
      for (const attempt of group) {
        onAttempt?.(attempt, { isClaimLost: lost.includes(attempt.claim.token) });
      }
    } catch (error) {
      this.#hasFailed = true;
      if (!isOnDisk) this.#waiting.push(...group);
      stopper.fail(error);
    }
  }
}
