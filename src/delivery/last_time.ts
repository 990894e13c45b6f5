// Remembers when something was last done, for what the service does only every so often. A clock
// that was set back counts as long ago: a wrong clock must not stop what is due.

import type { Clock } from "../system/time.ts";

export class LastTime {
  #at: number | null = null;

  constructor(readonly clock: Clock) {}

  /** Whether it was done in the last `ms`. */
  isWithin(ms: number): boolean {
    const now = this.clock.now();
    return this.#at !== null && now >= this.#at && now - this.#at < ms;
  }

  /** It is done now. */
  note(): void {
    this.#at = this.clock.now();
  }
}
