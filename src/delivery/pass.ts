import type { AttemptRecord, Claim } from "../queue/message.ts";
import type { Clock, Random, Relay, Store, Transport, WorkerHandle } from "../queue/ports.ts";
import type { RetryPolicy } from "../queue/retry.ts";
import { handOver, type HandOverTools } from "./hand_over.ts";
import { Recorder } from "./recorder.ts";

export interface PassOptions {
  readonly store: Store;
  readonly relay: Relay;
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly concurrency: number;
  /** Ends the pass after so many messages sent; those in flight count. */
  readonly maxBatch: number | null;
  /** Ends the pass after so many messages deferred or failed. */
  readonly maxDeferred: number | null;
  /** A pause after each attempt; 0 = none. */
  readonly throttleMs: number;
  /** Only these messages (whole ids). */
  readonly ids?: readonly string[];
  /** Told to stop: messages whose bytes go out are finished, the others given back. */
  readonly signal: AbortSignal;
  /** Resolves after a while, or when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Called with each attempt once it is on disk. */
  readonly onAttempt?: (attempt: AttemptRecord, isClaimLost: boolean) => void;
}

export type StopReason = "max_batch" | "max_deferred" | "paused" | "relay" | "signal";

/** Counts are of messages; one that was not sent to all counts by its worst outcome. */
export interface PassResult {
  readonly sent: number;
  readonly deferred: number;
  readonly failed: number;
  readonly uncertain: number;
  /** Messages still queued at the end. */
  readonly remaining: number;
  /** Why the pass ended before the queue did; null if it did not. */
  readonly stoppedBy: StopReason | null;
  /** What the relay was at fault with, if that ended the pass. */
  readonly relayError: string | null;
}

/** Messages claimed ahead of need, a connection. */
const AHEAD = 2;
/** How long a message in DATA may still take once we were told to stop. */
const FINISH_MS = 60_000;

/** One run over the queue: claims, hands over and records until nothing due is left that this
 *  pass has not tried, a limit is reached, the relay is at fault or the signal says stop. If
 *  the process dies, another pass takes over what was in hand at once. */
export async function runPass(options: PassOptions): Promise<PassResult> {
  const { store } = options;
  const worker = await store.registerWorker("send");
  try {
    await store.takeOver();
    await store.expireDue();
    const pass = new Pass(options, worker);
    await pass.run();
    await store.noteRound();
    const status = await store.status();
    if (pass.stoppedBy === null && status.paused !== null) pass.stoppedBy = "paused";
    const { sent, deferred, failed, uncertain } = pass.counts;
    return {
      sent,
      deferred,
      failed,
      uncertain,
      remaining: status.queued,
      stoppedBy: pass.stoppedBy,
      relayError: pass.relayError,
    };
  } finally {
    await worker.close();
  }
}

class Pass {
  readonly counts = { sent: 0, deferred: 0, failed: 0, uncertain: 0 };
  stoppedBy: StopReason | null = null;
  relayError: string | null = null;

  /** Messages at least one recipient of which was sent. */
  #delivered = 0;
  #inFlight = 0;
  #finished = 0;
  /** One attempt ended without a fault of the relay: only then more connections are opened. */
  #isRelayProven = false;
  #claimed: Claim[] = [];
  #claimedAtFinished = 0;
  readonly #idle: Transport[] = [];
  readonly #busy = new Set<Transport>();
  readonly #recorder: Recorder;
  readonly #tools: HandOverTools;
  /** What our own code threw while a message was in hand. */
  #broken: { readonly error: unknown } | null = null;
  #wake = () => {};

  constructor(readonly options: PassOptions, readonly worker: WorkerHandle) {
    this.#recorder = new Recorder(
      options.store,
      worker,
      (attempt, isLost) => options.onAttempt?.(attempt, isLost),
    );
    this.#tools = {
      store: options.store,
      worker,
      clock: options.clock,
      random: options.random,
      policy: options.policy,
      relayName: options.relay.name,
      signal: options.signal,
    };
  }

  async run(): Promise<void> {
    const { signal } = this.options;
    const cutOff = new AbortController();
    const onStop = () => {
      this.#wake();
      void this.options.wait(FINISH_MS, cutOff.signal).then(() => this.#abandonBusy(cutOff.signal));
    };
    signal.addEventListener("abort", onStop, { once: true });
    try {
      await this.#loop();
    } finally {
      cutOff.abort();
      signal.removeEventListener("abort", onStop);
      await this.options.store.giveBack(this.#claimed, this.worker);
      await Promise.all(this.#idle.map((transport) => transport.close()));
      await this.#recorder.flush();
    }
  }

  async #loop(): Promise<void> {
    for (;;) {
      while (this.#mayStart()) {
        const claim = await this.#nextClaim();
        if (claim === null) break;
        this.#start(claim);
        if (this.options.throttleMs > 0) break;
      }
      this.#recorder.check();
      if (this.#inFlight === 0) {
        if (this.#broken !== null) throw this.#broken.error;
        return;
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
      if (this.options.throttleMs > 0 && this.#inFlight === 0 && this.#stopReason() === null) {
        await this.options.wait(this.options.throttleMs, this.options.signal);
      }
    }
  }

  #stopReason(): StopReason | null {
    const { maxBatch, maxDeferred, signal } = this.options;
    if (signal.aborted || this.#broken !== null) return "signal";
    if (this.relayError !== null) return "relay";
    if (maxBatch !== null && this.#delivered >= maxBatch) return "max_batch";
    if (maxDeferred !== null && this.#bad() >= maxDeferred) return "max_deferred";
    return null;
  }

  #bad(): number {
    return this.counts.deferred + this.counts.failed + this.counts.uncertain;
  }

  #mayStart(): boolean {
    const { maxBatch, maxDeferred, concurrency, throttleMs } = this.options;
    this.stoppedBy = this.#stopReason();
    if (this.stoppedBy !== null) return false;
    // What is in flight may yet become sent or deferred: it uses up both allowances.
    return this.#inFlight < Math.min(
      this.#isRelayProven && throttleMs === 0 ? concurrency : 1,
      maxBatch === null ? Infinity : maxBatch - this.#delivered,
      maxDeferred === null ? Infinity : maxDeferred - this.#bad(),
    );
  }

  async #nextClaim(): Promise<Claim | null> {
    if (this.#claimed.length === 0) {
      const { store, ids } = this.options;
      const { claims } = await store.claimDue({
        worker: this.worker,
        limit: this.#claimLimit(),
        ...(ids === undefined ? {} : { ids }),
        onlyUntried: true,
      });
      this.#claimedAtFinished = this.#finished;
      this.#claimed = [...claims].reverse();
      if (this.options.signal.aborted) return null;
    }
    return this.#claimed.pop() ?? null;
  }

  /** As many as the last claim's time saw finished, so that a slow relay's queue is claimed one
   *  by one and urgent mail overtakes, while a fast one is not slowed by a commit a message. */
  #claimLimit(): number {
    const { concurrency, maxBatch, maxDeferred, throttleMs } = this.options;
    const free = Math.max(1, (this.#isRelayProven ? concurrency : 1) - this.#inFlight);
    const ahead = Math.min(this.#finished - this.#claimedAtFinished, AHEAD * concurrency);
    return throttleMs > 0 || maxBatch !== null || maxDeferred !== null
      ? free
      : Math.max(free, ahead);
  }

  #start(claim: Claim): void {
    this.#inFlight++;
    const transport = this.#idle.pop() ?? this.options.relay.open();
    this.#busy.add(transport);
    void handOver(claim, transport, this.#tools).then(async ({ attempt, isRelayFault }) => {
      this.#busy.delete(transport);
      this.#idle.push(transport);
      if (attempt === null) await this.options.store.giveBack([claim], this.worker);
      else this.#count(attempt, isRelayFault);
    }).catch((error) => this.#broken ??= { error }).finally(() => {
      this.#inFlight--;
      this.#finished++;
      this.#wake();
    });
  }

  #count(attempt: AttemptRecord, isRelayFault: boolean): void {
    this.#recorder.add(attempt);
    const has = (kind: string) => attempt.changes.some((change) => change.outcome === kind);
    if (has("sent")) this.#delivered++;
    if (has("uncertain")) this.counts.uncertain++;
    else if (attempt.changes.some((change) => change.state === "deferred")) this.counts.deferred++;
    else if (attempt.changes.some((change) => change.state === "failed")) this.counts.failed++;
    else this.counts.sent++;
    if (isRelayFault) this.relayError ??= attempt.error ?? attempt.reply ?? "the relay failed";
    else this.#isRelayProven = true;
  }

  /** Breaks off what did not end in time after the signal. */
  #abandonBusy(cutOff: AbortSignal): void {
    if (cutOff.aborted) return;
    for (const transport of this.#busy) void transport.close();
  }
}
