// Watches the queue for the service: tells when another process has changed it, so that new mail
// goes out at once. The store finds out how a change is seen; what to do about it is left to the
// service.

import type { Reader } from "../queue/ports/reader.ts";

/** Watches for changes that others make to the queue. A change is remembered until `take()`,
 *  whoever waited for it meanwhile. */
export class QueueWatcher {
  #watching: Promise<void> | null = null;
  #hasChanged = false;
  readonly #over = new AbortController();

  constructor(readonly store: Pick<Reader, "changed">) {}

  /** Resolves once the queue has changed since the last `take()`; rejects as the store does. */
  changed(): Promise<void> {
    if (this.#watching !== null) return this.#watching;
    const watching = this.store.changed(this.#over.signal).then(
      () => void (this.#hasChanged = true),
      (error) => {
        this.#watching = null;
        throw error;
      },
    );
    // Nobody may be waiting when it fails; the next call asks the store anew.
    watching.catch(() => {});
    return this.#watching = watching;
  }

  /** Takes note of the change: from now on `changed()` waits for the next one. */
  take(): void {
    if (!this.#hasChanged) return;
    this.#hasChanged = false;
    this.#watching = null;
  }

  /** Ends the watch. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#watching?.catch(() => {});
  }
}
