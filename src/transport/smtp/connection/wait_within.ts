// Waits for one thing, but no longer than a time limit and no longer than until told to stop. For
// what cannot be called off itself: looking a name up, connecting.

import type { Timers } from "../../../system/time.ts";
import { asBroken, ConnectionBroken } from "./broken.ts";

/** The limits of one wait. */
interface WaitLimits {
  readonly limitMs: number;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  /** What did not happen in time, such as `no connection`. */
  readonly missing: string;
}

/** Waits for `work` until the time limit or the signal, which reject with `ConnectionBroken`; what
 *  comes later is given to `discard`. */
export function waitWithin<T>(
  work: Promise<T>,
  limits: WaitLimits,
  discard: (late: T) => void,
): Promise<T> {
  const { limitMs, timers, signal, missing } = limits;
  return new Promise((resolve, reject) => {
    let isOver = false;
    const finish = (report: () => void) => {
      if (isOver) return;
      isOver = true;
      cancelTimer();
      signal.removeEventListener("abort", onAbort);
      report();
    };
    const giveUp = (reason: ConnectionBroken) => finish(() => reject(reason));
    const onAbort = () => giveUp(new ConnectionBroken("stopped", "stopped while connecting"));
    const cancelTimer = timers.after(
      limitMs,
      () => giveUp(new ConnectionBroken("timeout", `${missing} within ${limitMs} ms`)),
    );
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
    work.then(
      (made) => isOver ? discard(made) : finish(() => resolve(made)),
      (error) => giveUp(asBroken(error)),
    );
  });
}
