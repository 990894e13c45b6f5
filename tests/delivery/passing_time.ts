import type { QueueFile } from "./queue_file.ts";
import { turn } from "./turn.ts";

interface Wait {
  readonly at: number;
  readonly end: () => void;
}

/** Time that passes by itself: whenever nothing else is to be done, the first wait is over. */
export class PassingTime {
  #waits: Wait[] = [];
  #isPassing = false;

  constructor(readonly queue: QueueFile) {}

  readonly wait = (ms: number, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wait: Wait = {
        at: this.queue.clock.time + ms,
        end: () => {
          this.#waits = this.#waits.filter((one) => one !== wait);
          signal.removeEventListener("abort", wait.end);
          resolve();
        },
      };
      this.#waits.push(wait);
      signal.addEventListener("abort", wait.end);
      this.#pass();
    });
  };

  #pass(): void {
    if (this.#isPassing || this.#waits.length === 0) return;
    this.#isPassing = true;
    turn().then(() => {
      this.#isPassing = false;
      const first = this.#waits.reduce<Wait | null>(
        (first, one) => first === null || one.at < first.at ? one : first,
        null,
      );
      if (first === null) return;
      this.queue.clock.time = Math.max(this.queue.clock.time, first.at);
      first.end();
      this.#pass();
    });
  }
}
