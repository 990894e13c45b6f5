import { type PassOptions, type PassResult, runPass } from "../../src/delivery/pass.ts";
import type { Relay } from "../../src/queue/ports/transport.ts";
import type { RetryPolicy } from "../../src/queue/policy/retry.ts";
import type { QueueFile } from "./queue_file.ts";
import { ScriptedRelay } from "./scripted_relay.ts";
import { quickWaits } from "./waits.ts";

export const HOUR_MS = 3_600_000;

/** Hourly for a day. */
export const POLICY: RetryPolicy = { max: null, lifetimeMs: 24 * HOUR_MS, scheduleMs: [HOUR_MS] };

/** Options of a pass by one relay, where `relays` says nothing else. */
export interface OnePassOptions extends Partial<PassOptions> {
  readonly relay?: Relay;
  readonly concurrency?: number;
}

/** One pass over `queue`, ten messages at a time unless told otherwise. */
export function passOn(queue: QueueFile, options: OnePassOptions = {}): Promise<PassResult> {
  const { relay = new ScriptedRelay(), concurrency = 10, ...others } = options;
  return runPass({
    store: queue.store,
    relays: [{ relay, concurrency, rate: null }],
    routes: [],
    ratePerDomain: null,
    policy: POLICY,
    rules: [],
    errorHandler: null,
    clock: queue.clock,
    random: queue.random,
    maxBatch: null,
    maxDeferred: null,
    throttleMs: 0,
    signal: new AbortController().signal,
    wait: quickWaits().wait,
    ...others,
  });
}
