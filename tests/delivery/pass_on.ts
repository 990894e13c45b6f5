import type {
  Judging,
  Limits,
  OutletOptions,
  PassMachine,
  PassOptions,
} from "../../src/delivery/options.ts";
import { type PassResult, runPass } from "../../src/delivery/pass.ts";
import type { Relay } from "../../src/queue/ports/transport.ts";
import type { RetryPolicy } from "../../src/queue/policy/retry.ts";
import type { QueueFile } from "./queue_file.ts";
import { ScriptedRelay } from "./scripted_relay.ts";
import { quickWaits } from "./waits.ts";

export const HOUR_MS = 3_600_000;

/** Hourly for a day. */
export const POLICY: RetryPolicy = { max: null, lifetimeMs: 24 * HOUR_MS, scheduleMs: [HOUR_MS] };

/** What a test says of a pass, of whatever group it is. */
export type PassParts =
  & Partial<Pick<PassOptions, "store" | "signal" | "ids" | "onAttempt">>
  & Partial<OutletOptions & Judging & Limits & PassMachine>;

/** The options of a pass over `queue`, by no relay unless told otherwise. */
export function passOptions(queue: QueueFile, parts: PassParts = {}): PassOptions {
  const { relays = [], routes = [], ratePerDomain = null } = parts;
  const { policy = POLICY, rules = [], errorHandler = null, isUncertainHeld = false } = parts;
  const { maxBatch = null, maxDeferred = null, throttleMs = 0, patienceMs } = parts;
  const { clock = queue.clock, random = queue.random, wait = quickWaits().wait } = parts;
  return {
    store: parts.store ?? queue.store,
    outlets: { relays, routes, ratePerDomain },
    judging: { policy, rules, errorHandler, isUncertainHeld },
    limits: { maxBatch, maxDeferred, throttleMs, patienceMs },
    machine: { clock, random, wait },
    signal: parts.signal ?? new AbortController().signal,
    ids: parts.ids,
    onAttempt: parts.onAttempt,
  };
}

/** The parts of a pass by one relay, where `relays` says nothing else. */
export type OnePassOptions = PassParts & {
  readonly relay?: Relay;
  readonly concurrency?: number;
};

/** One pass over `queue`, ten messages at a time unless told otherwise. */
export function passOn(queue: QueueFile, options: OnePassOptions = {}): Promise<PassResult> {
  const { relay = new ScriptedRelay(), concurrency = 10, ...parts } = options;
  return runPass(passOptions(queue, { relays: [{ relay, concurrency, rate: null }], ...parts }));
}
