// Brings the search index up to date while the service has nothing else to do. No mail waits for
// it; what the index does not have yet is found by the search itself, only slower.

import type { Reader } from "../queue/ports/reader.ts";
import type { Clock, Wait } from "../system/time.ts";
import { LastTime } from "./last_time.ts";

/** So long the queue must have been quiet first … */
const LULL_MS = 1_000;
/** … unless the index was not looked after for so long. */
const AT_LEAST_EVERY_MS = 60_000;

interface SearchIndexerTools {
  readonly store: Reader;
  readonly clock: Clock;
  readonly wait: Wait;
}

export class SearchIndexer {
  readonly #last: LastTime;

  constructor(readonly tools: SearchIndexerTools) {
    this.#last = new LastTime(tools.clock);
  }

  /** Runs during one pause of the service, until done or told to stop. Never rejects: whatever goes
   *  wrong is met again by a round or by a search, and reported there. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, wait } = this.tools;
    try {
      if (this.#last.isWithin(AT_LEAST_EVERY_MS)) await wait(LULL_MS, signal);
      if (signal.aborted) return;
      this.#last.note();
      await store.bringSearchUpToDate({ signal });
    } catch {
      // As said above.
    }
  }
}
