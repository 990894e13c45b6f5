// Waits for files or folders that other processes touch: the queue's wake file, a drop folder, a
// Maildir. The system's watch may be refused, or be blind (a network's file system), so every wait
// has an end of its own, and who waits must look for himself then.

import type { Wait } from "./time.ts";

/** The reason for ending a wait; without one a stack is taken each time. */
const TOUCHED = "touched";

interface FileWatchOptions {
  /** Waits until the next look, should nothing be told. */
  readonly wait: Wait;
  /** What does not count as a touch, besides being read. */
  readonly ignored?: readonly Deno.FsEvent["kind"][];
}

/** Tells that something was touched. A touch is remembered until `clear()`, whether or not anybody
 *  waited for it: call that before you look, and what comes while you look is not missed. */
export class FileWatch implements Disposable {
  #watcher: Deno.FsWatcher | null = null;
  #isTouched = false;
  readonly #waiting = new Set<() => void>();

  constructor(readonly options: FileWatchOptions) {}

  /** Whether the system tells us of touches. */
  get isWatching(): boolean {
    return this.#watcher !== null;
  }

  /** Whether there was a touch since `clear()`. */
  get isTouched(): boolean {
    return this.#isTouched;
  }

  /** Watches files, and what lies in folders (not further down), until this is disposed of. What is
   *  touched once this has returned is told. False, and nothing is watched, where the system gives
   *  no watch: something is not there, is not to be read, or all watches are in use. */
  watch(...paths: readonly string[]): boolean {
    this[Symbol.dispose]();
    try {
      this.#watcher = Deno.watchFs([...paths], { recursive: false });
    } catch {
      return false;
    }
    void this.#follow(this.#watcher);
    return true;
  }

  /** Forgets the touches so far. */
  clear(): void {
    this.#isTouched = false;
  }

  /** Resolves at a touch since `clear()`, after `ms`, or at `signal`; never rejects. */
  async next(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#isTouched || signal.aborted) return;
    const over = new AbortController();
    const end = () => over.abort(TOUCHED);
    this.#waiting.add(end);
    signal.addEventListener("abort", end);
    try {
      await this.options.wait(ms, over.signal);
    } finally {
      signal.removeEventListener("abort", end);
      this.#waiting.delete(end);
    }
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind } of watcher) {
        // Our own looking is no news.
        if (kind === "access" || this.options.ignored?.includes(kind)) continue;
        this.#isTouched = true;
        for (const end of this.#waiting) end();
      }
    } catch {
      // Waits end by themselves.
    }
    if (this.#watcher === watcher) this[Symbol.dispose]();
  }

  /** Ends the watch. Who waits goes on waiting until his time is over. */
  [Symbol.dispose](): void {
    const watcher = this.#watcher;
    this.#watcher = null;
    try {
      watcher?.close();
    } catch {
      // It has closed itself.
    }
  }
}
