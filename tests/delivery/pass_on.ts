import { type PassOptions, type PassResult, runPass } from "../../src/delivery/pass.ts";
import type { RetryPolicy } from "../../src/queue/retry.ts";
import type { QueueFile } from "./queue_file.ts";
import { ScriptedRelay } from "./scripted_relay.ts";
import { quickWaits } from "./waits.ts";

export const HOUR_MS = 3_600_000;

/** Hourly for a day. */
export const POLICY: RetryPolicy = { max: null, lifetimeMs: 24 * HOUR_MS, scheduleMs: [HOUR_MS] };

/** One pass over `queue`, ten messages at a time unless told otherwise. */
export function passOn(
  queue: QueueFile,
  options: Partial<PassOptions> = {},
): Promise<PassResult> {
  return runPass({
    store: queue.store,
    relay: new ScriptedRelay(),
    policy: POLICY,
    clock: queue.clock,
    random: queue.random,
    concurrency: 10,
    maxBatch: null,
    maxDeferred: null,
    throttleMs: 0,
    signal: new AbortController().signal,
    wait: quickWaits().wait,
    ...options,
  });
}
