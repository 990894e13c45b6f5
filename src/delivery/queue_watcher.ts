import type { Store } from "../queue/ports.ts";

/** Listens for what others do to the queue. What was heard stays news until it is taken, whoever
 *  waited for it meanwhile. */
export class News {
  #hearing: Promise<void> | null = null;
  #isHeard = false;
  readonly #over = new AbortController();

  constructor(readonly store: Pick<Store, "changed">) {}

  /** Resolves once the queue has changed since news was last taken; rejects as the store does. */
  heard(): Promise<void> {
    if (this.#hearing !== null) return this.#hearing;
    const hearing = this.store.changed(this.#over.signal).then(
      () => void (this.#isHeard = true),
      (error) => {
        this.#hearing = null;
        throw error;
      },
    );
    // Nobody may be waiting when it fails; who asks next asks anew.
    hearing.catch(() => {});
    return this.#hearing = hearing;
  }

  /** Takes what was heard: from now on only what comes later is news. */
  take(): void {
    if (!this.#isHeard) return;
    this.#isHeard = false;
    this.#hearing = null;
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#hearing?.catch(() => {});
  }
}
