// When the thread that claims and records takes a break. It calls `maybeRest` between its steps; no
// other thread does.

/** How long is worked at a stretch. */
const STRETCH_MS = 0.25;
/** How long a break is asked to be; the system makes more of it. */
const BREAK_MS = 0.01;
/** Who waits for work less than this share of the time worked has no time for breaks. */
const IDLE_SHARE = 1 / 10;
/** What can be saved up for breaks, or be owed: they are taken while the queue is locked, too. */
const MOST_SAVED_MS = 20;

/** What breaks need of the machine. */
interface BreakTools {
  /** Milliseconds that only ever go forward. */
  readonly now: () => number;
  /** Sleeps with the whole thread. */
  readonly sleep: (ms: number) => void;
}

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
const MACHINE: BreakTools = {
  now: () => performance.now(),
  sleep: (ms) => void Atomics.wait(nobodyWakes, 0, 0, ms),
};

/** Short breaks in a thread's work, paid for with the time it had nothing to do: where there are
 *  few CPUs, work of some ms at a stretch keeps the conversations with relays, and relays on the
 *  same machine, from theirs. A system that finds a CPU idle at once deals them out anew. */
export class Breaks {
  #saved = 0;
  #workBegan: number;
  #workEnded: number;
  #rested: number;

  constructor(readonly tools: BreakTools = MACHINE) {
    this.#workBegan = this.#workEnded = this.#rested = tools.now();
  }

  /** Work has come after none. */
  beginWork(): void {
    const now = this.tools.now();
    const worked = this.#workEnded - this.#workBegan;
    const idle = now - this.#workEnded;
    const saved = this.#saved + idle - worked * IDLE_SHARE;
    this.#saved = Math.max(-MOST_SAVED_MS, Math.min(saved, MOST_SAVED_MS));
    this.#workBegan = this.#rested = now;
  }

  /** Nothing is left to do. */
  endWork(): void {
    this.#workEnded = this.tools.now();
  }

  /** To be called often: takes a break if it is time for one. */
  maybeRest(): void {
    if (this.#saved <= 0) return;
    const now = this.tools.now();
    if (now - this.#rested < STRETCH_MS) return;
    this.tools.sleep(BREAK_MS);
    this.#rested = this.tools.now();
    this.#saved -= this.#rested - now;
  }
}
