// Lets the loop of a round sleep until something has changed: a hand-over or a claim has ended, or
// the round is to stop. The round waits; whoever changes something notifies. What has changed is
// left to the one who wakes up to find out.

/** Wakes one waiter when something has changed. A change is remembered until `clear()`. */
export class Change {
  #hasChanged = false;
  #resolve: (() => void) | null = null;

  /** Forgets the changes so far. To be called before one looks around: a change after that is not
   *  missed. */
  clear(): void {
    this.#hasChanged = false;
  }

  /** Says that something has changed, and wakes the waiter. */
  notify(): void {
    this.#hasChanged = true;
    this.#resolve?.();
  }

  /** Resolves once there is a change since `clear()`. One caller at a time. */
  async wait(): Promise<void> {
    if (this.#hasChanged) return;
    await new Promise<void>((resolve) => this.#resolve = resolve);
    this.#resolve = null;
  }
}
