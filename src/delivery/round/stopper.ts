// Ends a round before the queue is empty: when the caller says stop, or when something of our own
// has failed. Hand-overs see its signal; the round asks it whether to go on, and to report the
// failure.

import type { Wait } from "../../system/time.ts";
import type { Change } from "./change.ts";

/** How long messages whose bytes go out may still take, where nothing else is said. */
const FINISH_MS = 60_000;

interface StopperTools {
  /** The caller's. */
  readonly signal: AbortSignal;
  readonly wait: Wait;
  /** How long messages whose bytes go out may still take once the round is to stop. */
  readonly finishMs?: number;
  /** Notified when the round is to stop, and when hand-overs are abandoned. */
  readonly change: Change;
}

/** Stops one round. The first failure is the one that counts. */
export class Stopper {
  readonly #tools: StopperTools;
  readonly #stop = new AbortController();
  readonly #over = new AbortController();
  readonly #obey = () => this.#stop.abort();
  #failure: { readonly error: unknown } | null = null;
  #isAbandoned = false;

  constructor(tools: StopperTools) {
    this.#tools = tools;
  }

  /** Obeys the caller's signal from now on. */
  start(): void {
    const { signal, wait, change, finishMs = FINISH_MS } = this.#tools;
    this.#stop.signal.addEventListener("abort", () => {
      change.notify();
      void wait(finishMs, this.over).then(() => this.#abandon());
    }, { once: true });
    signal.addEventListener("abort", this.#obey, { once: true });
    if (signal.aborted) this.#obey();
  }

  /** Aborted when hand-overs are to come to their end. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Aborted when nothing is in flight any more, or nobody waits for it. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  /** Nobody waits for the hand-overs still in flight, and their result is ignored. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Stops the round for an error, which `rethrow` throws at its end. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stop.abort();
  }

  /** Does work whose failure stops the round. Never rejects. */
  async guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.fail(error);
    }
  }

  /** The round has nothing in flight any more: the caller's signal is no longer obeyed. */
  end(): void {
    this.#over.abort();
    this.#tools.signal.removeEventListener("abort", this.#obey);
  }

  /** Throws what the round failed with, if it did. */
  rethrow(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  #abandon(): void {
    if (this.over.aborted) return;
    this.#isAbandoned = true;
    this.#tools.change.notify();
  }
}
