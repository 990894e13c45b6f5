/** Tells one who waits that something has changed. */
export class Change {
  #hasCome = false;
  #resolve: (() => void) | null = null;

  /** Forgets what came; to be called before one looks around, so that nothing after is missed. */
  forget(): void {
    this.#hasCome = false;
  }

  come(): void {
    this.#hasCome = true;
    this.#resolve?.();
  }

  /** Resolves once there is a change that was not forgotten. */
  async wait(): Promise<void> {
    if (this.#hasCome) return;
    await new Promise<void>((resolve) => this.#resolve = resolve);
    this.#resolve = null;
  }
}
