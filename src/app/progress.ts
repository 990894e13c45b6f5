// Says how far a long piece of work has come: how much of how much, how fast, how long it will take and
// what it waits for. Use cases and commands that may take over a second make one; where it shows is
// Tell.progress's, which is a line of a terminal or nothing.

import type { OnProgress } from "../queue/ports/progress.ts";
import { formatDuration } from "../queue/durations.ts";
import type { Tell } from "./app.ts";

/** Work that is done by then is not told of. */
const QUIET_MS = 1_000;
/** People cannot read faster. */
const TELL_EVERY_MS = 200;
/** A rate is that of so long: how it was at the start says little of what is left. */
const RATE_OVER_MS = 10_000;

/** How far the work has come. */
interface State {
  readonly done: number;
  /** Null where nobody knows. */
  readonly total: number | null;
  /** What the work waits for at the moment, such as `the relay default`. */
  readonly waitsFor?: string | null;
}

interface About {
  /** What is done, such as `sending`. */
  readonly what: string;
  /** What is counted, where it is no messages. */
  readonly format?: (amount: number) => string;
  /** Ms that only grow. */
  readonly now?: () => number;
  /** When the work began, by `now`; by default when the progress was made. */
  readonly startedAt?: number;
}

/** The progress of one piece of work, until it is disposed of. */
export class Progress implements Disposable {
  readonly #now: () => number;
  readonly #startedAt: number;
  #toldAt = 0;
  #timer: ReturnType<typeof setInterval> | null = null;
  readonly #samples: { readonly at: number; readonly done: number }[] = [];

  constructor(
    readonly tell: Pick<Tell, "progress" | "hearsProgress">,
    readonly about: About,
  ) {
    this.#now = about.now ?? (() => performance.now());
    this.#startedAt = about.startedAt ?? this.#now();
  }

  /** Notes how much is done. Cheap, however often it is called. */
  readonly note: OnProgress = (done, total) => this.#note({ done, total });

  /** Asks how far it has come until disposed of: for work that may wait without a word. */
  watch(read: () => State): this {
    if (!this.tell.hearsProgress) return this;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#note(read()), TELL_EVERY_MS);
    return this;
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.tell.progress(null);
  }

  #note(state: State): void {
    if (!this.tell.hearsProgress) return;
    const now = this.#now();
    if (now - this.#startedAt < QUIET_MS || now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    this.tell.progress(this.#text(state, now));
  }

  #text({ done, total, waitsFor = null }: State, now: number): string {
    const { what, format = countText } = this.about;
    const perMs = this.#rate(done, now);
    const parts = [total === null ? format(done) : `${format(done)} of ${format(total)}`];
    if (perMs > 0) parts.push(rateText(perMs * 1_000, format));
    if (waitsFor !== null) parts.push(`waiting for ${waitsFor}`);
    else if (total !== null && perMs > 0 && done < total) {
      const leftMs = Math.ceil((total - done) / perMs / 1_000) * 1_000;
      parts.push(`${formatDuration(leftMs)} left`);
    }
    return `${what}: ${parts.join(", ")}`;
  }

  /** How much is done in a ms, of late. */
  #rate(done: number, now: number): number {
    this.#samples.push({ at: now, done });
    while ((this.#samples[1]?.at ?? now) <= now - RATE_OVER_MS) this.#samples.shift();
    const { at, done: before } = this.#samples.length > 1
      ? this.#samples[0] ?? { at: now, done }
      : { at: this.#startedAt, done: 0 };
    return now > at ? (done - before) / (now - at) : 0;
  }
}

function countText(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

function rateText(perSecond: number, format: (amount: number) => string): string {
  return perSecond >= 1 ? `${format(perSecond)}/s` : `${format(Math.ceil(perSecond * 60))}/min`;
}

/** Bytes, for people: `12.3 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
