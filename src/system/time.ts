// Time and chance as things that are handed in: the clock, timers, randomness and waiting.
// Everything that needs one of them takes these interfaces; main.ts and the threads hand in the
// system's own, tests hand in fakes. Deadlines that move (the watchdog of SMTP) are not here.

/** The time, in ms since 1970. It may jump, in either direction. */
export interface Clock {
  now(): number;
}

export interface Random {
  /** A number in [0, 1). */
  unit(): number;
  /** Bytes that nobody can guess. */
  bytes(count: number): Uint8Array;
}

/** Time that no change of the clock bends, and calls that come later. */
export interface Timers {
  /** Milliseconds that only ever go forward. */
  now(): number;
  /** Calls `run` once after `ms`; the function returned cancels that. The wait alone keeps no
   *  process alive. */
  after(ms: number, run: () => void): () => void;
}

/** Resolves after `ms`, or as soon as `signal` is aborted; never rejects. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

export const systemClock: Clock = { now: () => Date.now() };

export const systemRandom: Random = {
  unit: () => Math.random(),
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
};

export const systemTimers: Timers = {
  now: () => performance.now(),
  after(ms, run) {
    const id = setTimeout(run, ms);
    Deno.unrefTimer(id);
    return () => clearTimeout(id);
  },
};

/** Waits by the machine's own time, as `Wait` says; without a signal the whole `ms`. It keeps the
 *  process alive meanwhile. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}

const TURN_MS = 10;

/** Lets the other work of this thread have its turn, within loops whose length others decide. */
export class Turns {
  #since = performance.now();

  /** Resolves at once, but after 10 ms of work only when the others have had theirs. */
  async give(): Promise<void> {
    if (performance.now() - this.#since < TURN_MS) return;
    await wait(0);
    this.#since = performance.now();
  }
}
