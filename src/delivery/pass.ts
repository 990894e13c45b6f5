import type { AttemptRecord, Claim } from "../queue/message.ts";
import type { Clock, Random, Relay, Store, Transport, WorkerHandle } from "../queue/ports.ts";
import type { RetryPolicy } from "../queue/retry.ts";
import { type HandedOver, handOver, type HandOverTools } from "./hand_over.ts";
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
  /** Ends the pass after so many messages deferred or failed; those in flight count. */
  readonly maxDeferred: number | null;
  /** A pause after each attempt, of which there is one at a time; 0 = none. */
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

/** How much work is claimed ahead of need, at the speed of the moment; urgent mail waits for it. */
const AHEAD_MS = 20;
/** Messages claimed ahead of need at most: a commit each would halve the speed of a fast relay. */
const AHEAD = 64;
/** How long a message in DATA may still take once we were told to stop. */
const FINISH_MS = 60_000;

/** One run over the queue: claims, hands over and records until nothing due is left that this
 *  pass has not tried, a limit is reached, the relay is at fault or the signal says stop. Rejects
 *  if the store fails: what is in DATA is finished first, and the rest given back as far as the
 *  store lets us. If the process dies, another pass takes over what was in hand at once. */
export async function runPass(options: PassOptions): Promise<PassResult> {
  const { store } = options;
  const worker = await store.registerWorker("send");
  const pass = new Pass(options, worker);
  try {
    await store.takeOver();
    pass.counts.failed += await store.expireDue();
    await pass.run();
    // A pass over a few messages only says nothing of whether the queue moves.
    if (options.ids === undefined) await store.noteRound();
  } catch (error) {
    // The first error says more than those that follow from it.
    await worker.close().catch(() => {});
    throw error;
  }
  await worker.close();
  const status = await store.status();
  return {
    ...pass.counts,
    remaining: status.queued,
    stoppedBy: pass.stoppedBy ?? (status.paused === null ? null : "paused"),
    relayError: pass.relayError,
  };
}

class Pass {
  readonly counts = { sent: 0, deferred: 0, failed: 0, uncertain: 0 };
  relayError: string | null = null;

  /** Messages at least one recipient of which was sent. */
  #delivered = 0;
  /** Messages being handed over, and those whose hand-over has ended. */
  #inFlight = 0;
  #finished = 0;
  #finishedAtClaim = 0;
  #claimedAt = 0;
  /** Only once the relay has answered are more connections opened. */
  #isRelayProven = false;
  /** Claims in hand, the next one last. */
  #claimed: Claim[] = [];
  #idle: Transport[] = [];
  /** What went wrong on our side, if anything did. */
  #broken: { readonly error: unknown } | null = null;
  /** Aborted when hand-overs are to end: by the caller, or since something is broken. */
  readonly #stop = new AbortController();
  /** The hand-overs still in flight are waited for no longer. */
  #isAbandoned = false;
  #changed = Promise.withResolvers<void>();
  readonly #recorder: Recorder;
  readonly #tools: HandOverTools;

  constructor(readonly options: PassOptions, readonly worker: WorkerHandle) {
    this.#recorder = new Recorder({
      store: options.store,
      worker,
      wait: options.wait,
      onRecorded: (attempt, isLost) => options.onAttempt?.(attempt, isLost),
      onFailure: (error) => this.#fail(error),
    });
    this.#tools = {
      store: options.store,
      worker,
      clock: options.clock,
      random: options.random,
      policy: options.policy,
      relayName: options.relay.name,
      signal: this.#stop.signal,
    };
  }

  /** Why nothing more is started; once there is a reason it stays. */
  get stoppedBy(): StopReason | null {
    const { maxBatch, maxDeferred, signal } = this.options;
    if (signal.aborted) return "signal";
    if (this.relayError !== null) return "relay";
    if (maxBatch !== null && this.#delivered >= maxBatch) return "max_batch";
    if (maxDeferred !== null && this.#notSent() >= maxDeferred) return "max_deferred";
    return null;
  }

  async run(): Promise<void> {
    const { signal, wait } = this.options;
    const over = new AbortController();
    const abandon = () => {
      if (over.signal.aborted) return;
      this.#isAbandoned = true;
      this.#wake();
    };
    this.#stop.signal.addEventListener("abort", () => {
      this.#wake();
      void wait(FINISH_MS, over.signal).then(abandon);
    }, { once: true });
    const stop = () => this.#stop.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    await this.#guarded(() => this.#loop());
    over.abort();
    signal.removeEventListener("abort", stop);
    await this.#end();
    if (this.#broken !== null) throw this.#broken.error;
  }

  async #loop(): Promise<void> {
    for (;;) {
      // Taken before we look around, so that no change after that is missed.
      const changed = this.#changed.promise;
      if (this.#room() > 0 && this.#claimed.length === 0) await this.#guarded(() => this.#claim());
      const claim = this.#room() > 0 ? this.#claimed.pop() : undefined;
      if (claim !== undefined) {
        this.#start(claim);
        continue;
      }
      if (this.#isStopping()) await this.#giveBack();
      if (this.#inFlight === 0 || this.#isAbandoned) return;
      await changed;
    }
  }

  #isStopping(): boolean {
    return this.#broken !== null || this.stoppedBy !== null;
  }

  #notSent(): number {
    return this.counts.deferred + this.counts.failed + this.counts.uncertain;
  }

  /** How many more messages may be started now. */
  #room(): number {
    if (this.#isStopping()) return 0;
    const { maxBatch, maxDeferred, concurrency, throttleMs } = this.options;
    // What is in flight may yet become sent or deferred: it uses up both allowances.
    return Math.min(
      this.#isRelayProven && throttleMs === 0 ? concurrency : 1,
      maxBatch === null ? Infinity : maxBatch - this.#delivered,
      maxDeferred === null ? Infinity : maxDeferred - this.#notSent(),
    ) - this.#inFlight;
  }

  async #claim(): Promise<void> {
    const { store, ids } = this.options;
    for (;;) {
      const { claims, expired, suppressed } = await store.claimDue({
        worker: this.worker,
        limit: this.#claimLimit(),
        ...(ids === undefined ? {} : { ids }),
        onlyUntried: true,
      });
      this.#finishedAtClaim = this.#finished;
      this.#claimedAt = this.options.clock.now();
      this.#claimed.push(...claims.toReversed());
      this.counts.failed += expired;
      // A claim that met only what had expired has not come to the end of the queue.
      if (claims.length > 0 || expired + suppressed === 0 || this.#isStopping()) return;
    }
  }

  /** As many as will be handed over in the next moment, going by the last: a slow relay's queue
   *  is claimed one by one and urgent mail overtakes, a fast one's many in a commit. */
  #claimLimit(): number {
    const { clock, maxBatch, maxDeferred, throttleMs } = this.options;
    const room = Math.max(1, this.#room());
    if (maxBatch !== null || maxDeferred !== null || throttleMs > 0) return room;
    const elapsedMs = Math.max(1, clock.now() - this.#claimedAt);
    const soon = Math.floor((this.#finished - this.#finishedAtClaim) / elapsedMs * AHEAD_MS);
    return Math.max(room, Math.min(soon, AHEAD));
  }

  #start(claim: Claim): void {
    let transport: Transport;
    try {
      transport = this.#idle.pop() ?? this.options.relay.open();
    } catch (error) {
      this.#claimed.push(claim);
      return this.#fail(error);
    }
    this.#inFlight++;
    void this.#guarded(() => this.#handOver(claim, transport)).then(() => {
      this.#inFlight--;
      this.#finished++;
      this.#wake();
    });
  }

  async #handOver(claim: Claim, transport: Transport): Promise<void> {
    const end = await handOver(claim, transport, this.#tools);
    if (end.isTransportBroken || this.#isAbandoned) void transport.close().catch(() => {});
    else this.#idle.push(transport);
    // What comes this late has been closed as uncertain with the worker.
    if (this.#isAbandoned) return;
    if (end.trouble !== null) this.#fail(end.trouble.error);
    if (end.attempt === null) this.#claimed.push(claim);
    else this.#count(end.attempt, end);
    const { throttleMs, wait } = this.options;
    if (throttleMs > 0 && !this.#isStopping()) await wait(throttleMs, this.#stop.signal);
  }

  #count(attempt: AttemptRecord, end: HandedOver): void {
    this.#recorder.add(attempt);
    const { changes } = attempt;
    if (changes.some((change) => change.outcome === "sent")) this.#delivered++;
    if (changes.some((change) => change.outcome === "uncertain")) this.counts.uncertain++;
    else if (changes.some((change) => change.state === "deferred")) this.counts.deferred++;
    else if (changes.some((change) => change.state === "failed")) this.counts.failed++;
    else this.counts.sent++;
    if (end.isRelayFault) this.relayError ??= attempt.error ?? attempt.reply ?? "the relay failed";
    if (end.isRelayProven) this.#isRelayProven = true;
  }

  /** Gives back what is in hand and not started. */
  async #giveBack(): Promise<void> {
    const claims = this.#claimed;
    this.#claimed = [];
    if (claims.length === 0) return;
    await this.#guarded(() => this.options.store.giveBack(claims, this.worker));
  }

  /** Records and frees what is left. */
  async #end(): Promise<void> {
    const closing = Promise.allSettled(this.#idle.map((transport) => transport.close()));
    await this.#recorder.flush();
    await this.#giveBack();
    await closing;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #fail(error: unknown): void {
    this.#broken ??= { error };
    this.#stop.abort();
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(error);
    }
  }
}
