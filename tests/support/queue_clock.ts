import type { Clock, Random } from "../../src/queue/ports.ts";

/** A clock that stands still until it is moved. */
export class FakeClock implements Clock {
  constructor(public time = 1_800_000_000_000) {}

  now(): number {
    return this.time;
  }

  advance(ms: number): number {
    return this.time += ms;
  }
}

/** Randomness that differs between processes and tests: names of files come from it. */
export const REAL_RANDOM: Random = {
  unit: () => Math.random(),
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
};
