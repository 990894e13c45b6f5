// The service's registration as a worker of the queue: made when it is first needed, made anew
// after trouble, and shown to be alive. The service asks for it before each round; what a worker's
// death means for its claims is the store's affair.

import type { Claims, WorkerHandle } from "../queue/ports/claims.ts";
import type { Clock } from "../system/time.ts";
import { LastTime } from "./last_time.ts";

/** A service that goes round shows it this often; more would wake other services for nothing. */
const BUSY_BEAT_MS = 10_000;
/** A service that waits shows at least this often that it lives. */
export const IDLE_BEAT_MS = 60_000;

export class ServiceWorker {
  #worker: WorkerHandle | null = null;
  /** Something went wrong while it had mail in hand: closing it frees what it still holds. */
  #isSpoilt = false;
  #beating: Promise<void> | null = null;
  readonly #lastBeat: LastTime;

  constructor(readonly store: Claims, clock: Clock) {
    this.#lastBeat = new LastTime(clock);
  }

  /** A worker that has nothing in hand. */
  async fresh(): Promise<WorkerHandle> {
    await this.#beating;
    if (this.#worker !== null && !this.#isSpoilt) return this.#worker;
    await this.#worker?.close();
    this.#worker = null;
    this.#worker = await this.store.registerWorker("run");
    this.#isSpoilt = false;
    return this.#worker;
  }

  /** The next `fresh()` is to register another one. */
  spoil(): void {
    this.#isSpoilt = true;
  }

  /** Shows that the service lives, unless it did so of late. */
  async beat(everyMs: number = BUSY_BEAT_MS): Promise<void> {
    if (this.#worker === null || this.#lastBeat.isWithin(everyMs)) return;
    this.#lastBeat.note();
    await this.#worker.beat();
  }

  /** The same in the middle of a round, which may be long, without waiting for it. */
  beatSoon(): void {
    this.#beating ??= this.beat()
      // The next write of the round meets the same trouble, and reports it.
      .catch(() => {}).finally(() => this.#beating = null);
  }

  /** Its round is over: nothing is in hand any more. */
  async noteIdle(): Promise<void> {
    await this.#beating;
    this.#worker?.noteIdle();
  }

  async close(): Promise<void> {
    await this.#worker?.close();
  }
}
