interface Wait {
  readonly ms: number;
  readonly end: () => void;
}

/** Waiting without time: each wait lasts until it is let go or its signal is aborted. */
export class Waits {
  /** The lengths asked for, in order. */
  readonly asked: number[] = [];
  #open = new Set<Wait>();
  #watchers: { readonly ms: number; readonly resolve: () => void }[] = [];

  /** `atOnce`: lengths that pass by themselves. */
  constructor(readonly atOnce: readonly number[] = []) {}

  readonly wait = (ms: number, signal: AbortSignal): Promise<void> => {
    this.asked.push(ms);
    this.#watchers.filter((one) => one.ms === ms).forEach(({ resolve }) => resolve());
    this.#watchers = this.#watchers.filter((one) => one.ms !== ms);
    if (signal.aborted || this.atOnce.includes(ms)) return Promise.resolve();
    return new Promise((resolve) => {
      const wait: Wait = {
        ms,
        end: () => {
          this.#open.delete(wait);
          resolve();
        },
      };
      this.#open.add(wait);
      signal.addEventListener("abort", wait.end, { once: true });
    });
  };

  /** How many waits of this length are under way. */
  open(ms: number): number {
    return [...this.#open].filter((wait) => wait.ms === ms).length;
  }

  /** Lets the time pass for all waits of this length. */
  pass(ms: number): void {
    for (const wait of [...this.#open]) if (wait.ms === ms) wait.end();
  }

  /** Resolves when a wait of this length is under way. */
  async begun(ms: number): Promise<void> {
    if (this.open(ms) > 0) return;
    await new Promise<void>((resolve) => this.#watchers.push({ ms, resolve }));
  }
}

/** The recorder's wait passes at once, the one for messages in DATA never. */
export function quickWaits(): Waits {
  return new Waits([RECORD_MS]);
}

export const RECORD_MS = 20;
export const FINISH_MS = 60_000;
