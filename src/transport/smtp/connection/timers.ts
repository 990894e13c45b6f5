// How long each step of an SMTP conversation may take, and the watchdog that ends a step that takes
// longer. Each connection has one watchdog; time itself comes from src/system/time.ts.

import type { Timers } from "../../../system/time.ts";

/** How long each step may take, in ms. */
export interface Timeouts {
  readonly connectMs: number;
  readonly greetingMs: number;
  readonly helloMs: number;
  /** From the first byte of TLS to its last before ours. */
  readonly tlsMs: number;
  readonly mailMs: number;
  readonly rcptMs: number;
  readonly dataMs: number;
  /** Each write of content. */
  readonly blockMs: number;
  /** From the final dot to its reply. */
  readonly dotMs: number;
  /** The wait for the reply to QUIT, which nothing depends on. */
  readonly quitMs: number;
}

const MINUTE_MS = 60_000;

/** RFC 5321 section 4.5.3.2, which names no limit for connecting, TLS and EHLO. */
export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 30_000,
  greetingMs: 5 * MINUTE_MS,
  helloMs: 5 * MINUTE_MS,
  tlsMs: MINUTE_MS,
  mailMs: 5 * MINUTE_MS,
  rcptMs: 5 * MINUTE_MS,
  dataMs: 2 * MINUTE_MS,
  blockMs: 3 * MINUTE_MS,
  dotMs: 10 * MINUTE_MS,
  quitMs: 1_000,
};

/** One deadline that moves with every step. Its timer is left running while deadlines only move
 *  back, so a message costs no timer of its own. */
export class Watchdog {
  #deadline = Infinity;
  #wakesAt = Infinity;
  #cancel: (() => void) | null = null;

  constructor(readonly timers: Timers, readonly onExpired: () => void) {}

  /** Calls `onExpired` in `ms` unless moved or disarmed before. */
  arm(ms: number): void {
    const now = this.timers.now();
    this.#deadline = now + ms;
    if (this.#wakesAt > this.#deadline) this.#wakeIn(ms, { now });
  }

  disarm(): void {
    this.#deadline = Infinity;
  }

  /** Frees the timer. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#deadline = this.#wakesAt = Infinity;
  }

  #wakeIn(ms: number, { now }: { readonly now: number }): void {
    this.#cancel?.();
    this.#wakesAt = now + ms;
    this.#cancel = this.timers.after(ms, () => {
      this.#cancel = null;
      this.#wakesAt = Infinity;
      if (this.#deadline === Infinity) return;
      const later = this.timers.now();
      // A timer may fire a fraction of a millisecond early.
      if (later >= this.#deadline - 1) this.onExpired();
      else this.#wakeIn(this.#deadline - later, { now: later });
    });
  }
}
