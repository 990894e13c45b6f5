import type { Timers } from "../../src/system/time.ts";

/** A time that moves only when told, and counts the timers it was asked for. */
export class FakeTimers implements Timers {
  #now = 0;
  started = 0;
  readonly #due = new Map<number, { readonly at: number; readonly run: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const id = this.started++;
    this.#due.set(id, { at: this.#now + ms, run });
    return () => void this.#due.delete(id);
  }

  get pending(): number {
    return this.#due.size;
  }

  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.#due].sort(([, a], [, b]) => a.at - b.at);
      if (next === undefined || next[1].at > until) break;
      this.#due.delete(next[0]);
      this.#now = next[1].at;
      next[1].run();
    }
    this.#now = until;
  }
}
