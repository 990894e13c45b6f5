// Counts a pass's messages by their end, for its result and for the limits `maxBatch` and
// `maxDeferred`. The round adds each message once.

import type { RecipientChange } from "../../queue/claim.ts";
import type { Delivered } from "./delivered.ts";

/** How many messages of a pass came to which end. */
export class Counts {
  sent = 0;
  deferred = 0;
  failed = 0;
  uncertain = 0;
  #delivered = 0;

  /** Messages at least one recipient of which was sent. */
  get delivered(): number {
    return this.#delivered;
  }

  get notSent(): number {
    return this.deferred + this.failed + this.uncertain;
  }

  add({ changes, unreached, usedUp }: Delivered): void {
    const isWaiting = unreached.length + usedUp.length > 0;
    if (changes.length === 0 && !isWaiting) return;
    if (changes.some((change) => change.outcome === "sent")) this.#delivered++;
    if (changes.some((change) => change.outcome === "uncertain")) this.uncertain++;
    else if (isWaiting || changes.some((change) => change.state === "deferred")) this.deferred++;
    else if (changes.some((change) => change.state === "failed")) this.failed++;
    else this.sent++;
  }

  /** Adds a message that was to come again and waits for another pass. */
  addReturned(changes: readonly RecipientChange[]): void {
    if (changes.some((change) => change.outcome === "sent")) this.#delivered++;
    this.deferred++;
  }

  /** Deferred messages that have failed after all; some may be those of an earlier pass. */
  moveToFailed(count: number): void {
    this.deferred -= Math.min(count, this.deferred);
    this.failed += count;
  }
}
