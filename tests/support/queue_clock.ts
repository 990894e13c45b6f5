import type { Clock } from "../../src/system/time.ts";

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
