// What is counted of a queue for monitors, for as long as the queue lives: mail that came in, attempts,
// what became of recipients, how long it took. Stores keep the counts, in the write of what they count
// (ports/counters.ts); src/app/metrics shows them. Pure.

import type { RecordedAttempt } from "./ports/counters.ts";

/** Each counter's labels, in the order in which their values are kept. No label is an address, a
 *  subject or a host: of those there is no end. */
export const COUNTERS = {
  /** Messages that came in. `way`: by which command or listener. */
  enqueued: ["way"],
  /** Attempts by what they were as a whole. */
  attempts: ["relay", "result"],
  /** What attempts, cancelling and expiry meant for recipients. `code`: the class of the reply's code,
   *  such as 5xx, or none. */
  recipients: ["relay", "result", "code"],
  /** Times a relay was found at fault. */
  relay_faults: ["relay"],
  /** Messages deleted from the queue. */
  purged: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Each histogram's labels, and the upper bounds of its buckets in seconds. */
export const HISTOGRAMS = {
  /** From when a message might be sent until a relay took it, for each recipient. */
  delivery_delay: {
    labels: ["relay"],
    bounds: [0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 432_000],
  },
  /** How long an attempt took. */
  attempt_duration: {
    labels: ["relay"],
    bounds: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300],
  },
} as const;

export type CounterName = keyof typeof COUNTERS;
export type HistogramName = keyof typeof HISTOGRAMS;

/** The last label of a histogram's counts that is no bound: the sum of all that was observed. */
export const SUM = "sum";
/** And the bucket without a bound. */
export const BEYOND = "+Inf";

const SEPARATOR = "\n";

/** Gathers the counts of one write. */
export class Counts {
  readonly #values = new Map<string, number>();

  add(name: CounterName, labels: readonly string[], n = 1): void {
    this.#add(name, labels, n);
  }

  observe(name: HistogramName, labels: readonly string[], seconds: number): void {
    const bound = HISTOGRAMS[name].bounds.find((one) => seconds <= one);
    this.#add(name, [...labels, bound === undefined ? BEYOND : String(bound)], 1);
    this.#add(name, [...labels, SUM], seconds);
  }

  /** Counts an attempt that is recorded, at `now`. */
  addAttempt({ relay, result, durationMs, claim, changes }: RecordedAttempt, now: number): void {
    this.add("attempts", [relay, result]);
    this.observe("attempt_duration", [relay], durationMs / 1000);
    for (const { outcome, state, code } of changes) {
      // Another relay is tried at once, and decides.
      if (state === "sending") continue;
      const became = outcome === "uncertain" && state === "deferred" ? outcome : state;
      this.add("recipients", [relay, became, classOf(code)]);
      if (state === "sent") {
        this.observe("delivery_delay", [relay], Math.max(0, now - claim.lifeFrom) / 1000);
      }
    }
  }

  /** The name of each count, its labels and by how much it grows. */
  entries(): [name: string, labels: string[], n: number][] {
    return [...this.#values].map(([key, n]) => {
      const [name = "", ...labels] = key.split(SEPARATOR);
      return [name, labels, n];
    });
  }

  #add(name: string, labels: readonly string[], n: number): void {
    const key = [name, ...labels].join(SEPARATOR);
    this.#values.set(key, (this.#values.get(key) ?? 0) + n);
  }
}

/** `2xx` to `5xx`; `none` where there was no reply. */
export function classOf(code: number | null): string {
  return code === null ? "none" : `${Math.floor(code / 100)}xx`;
}
