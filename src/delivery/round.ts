import { afterFault, HEALTHY } from "../queue/breaker.ts";
import type { Claim } from "../queue/message.ts";
import type { Share, WorkerHandle } from "../queue/worker.ts";
import { deliverClaim, type Delivered, type DeliverTools } from "./deliver_claim.ts";
import { groupByRoute } from "./groups.ts";
import type { PassOptions, StopReason } from "./pass.ts";
import { Postponer } from "./postponer.ts";
import { Recorder } from "./recorder.ts";
import type { RelayLine } from "./relay_line.ts";
import { sharesOf } from "./shares.ts";

/** How much work is claimed ahead of need, at the speed of the moment; urgent mail waits for it. */
const AHEAD_MS = 20;
/** Messages claimed ahead of need at most: a commit each would halve the speed of a fast relay. */
const AHEAD = 64;
/** Messages in hand at most, where a relay that is slow would keep the others from theirs. */
const IN_HAND = 256;
/** How long a message in DATA may still take once we were told to stop. */
const FINISH_MS = 60_000;
/** A rate that has room again so soon is waited for. */
const SHORT_WAIT_MS = 2_000;

/** The scheduler of one pass. */
export class Round {
  readonly counts = { sent: 0, deferred: 0, failed: 0, uncertain: 0 };
  resumeAt: number | null = null;

  /** Messages at least one recipient of which was sent. */
  #delivered = 0;
  /** Messages being handed over, and those whose hand-over has ended. */
  #inFlight = 0;
  #finished = 0;
  #finishedAtClaim = 0;
  #claimedAt = 0;
  readonly #postponer: Postponer;
  /** Claims to be given back. */
  #leftOver: Claim[] = [];
  /** What went wrong on our side, if anything did. */
  #broken: { readonly error: unknown } | null = null;
  /** Aborted when hand-overs are to end: by the caller, or since something is broken. */
  readonly #stop = new AbortController();
  /** The hand-overs still in flight are waited for no longer. */
  #isAbandoned = false;
  #changed = Promise.withResolvers<void>();
  readonly #recorder: Recorder;
  readonly #tools: DeliverTools;

  constructor(
    readonly options: PassOptions,
    readonly worker: WorkerHandle,
    readonly lines: readonly RelayLine[],
    readonly onlyUntried: boolean,
  ) {
    this.#postponer = new Postponer(options.store, worker, lines, options.clock);
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
      signal: this.#stop.signal,
      lineFor: (relays) => this.#lineFor(relays),
      record: (attempt) => this.#recorder.add(attempt),
      onRelayFault: (line, error) => this.#leaveAlone(line, error),
      onRelayProven: (line) => this.#prove(line),
      isAbandoned: () => this.#isAbandoned,
    };
  }

  /** Why nothing more is started; once there is a reason it stays. */
  get stoppedBy(): StopReason | null {
    const { maxBatch, maxDeferred, signal } = this.options;
    if (signal.aborted) return "signal";
    if (this.lines.every((line) => line.isDown)) return "relay";
    if (maxBatch !== null && this.#delivered >= maxBatch) return "max_batch";
    if (maxDeferred !== null && this.#notSent() >= maxDeferred) return "max_deferred";
    return this.resumeAt === null ? null : "rate";
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
      if (this.#room() > 0) {
        if (this.#nextLine() === null) await this.#guarded(() => this.#claim());
        const line = this.#room() > 0 ? this.#nextLine() : null;
        if (line !== null) {
          await this.#guarded(() => this.#startNext(line));
          continue;
        }
      }
      if (this.#isStopping()) await this.#giveBackAll();
      if (this.#isAbandoned) return;
      if (this.#inFlight === 0 && !await this.#waitForRate()) return;
      else if (this.#inFlight > 0) await changed;
    }
  }

  #isStopping(): boolean {
    return this.#broken !== null || this.stoppedBy !== null;
  }

  #notSent(): number {
    return this.counts.deferred + this.counts.failed + this.counts.uncertain;
  }

  /** How many more messages may be started now, whatever the relay. */
  #room(): number {
    if (this.#isStopping()) return 0;
    const { maxBatch, maxDeferred, throttleMs } = this.options;
    // What is in flight may yet become sent or deferred: it uses up both allowances.
    return Math.min(
      throttleMs > 0 ? 1 : Infinity,
      maxBatch === null ? Infinity : maxBatch - this.#delivered,
      maxDeferred === null ? Infinity : maxDeferred - this.#notSent(),
    ) - this.#inFlight;
  }

  /** A relay with room that has mail in hand. */
  #nextLine(): RelayLine | null {
    return this.lines.find((line) => line.waiting.length > 0 && this.#roomOn(line) > 0) ?? null;
  }

  #roomOn(line: RelayLine): number {
    return line.room(this.options.throttleMs > 0, this.options.clock.now());
  }

  /** The first of these relays that is any use. */
  #lineFor(relays: readonly string[]): RelayLine | null {
    for (const name of relays) {
      const line = this.lines.find((one) => one.name === name);
      if (line !== undefined && !line.isDown) return line;
    }
    return null;
  }

  async #claim(): Promise<void> {
    const { store, ids, clock } = this.options;
    while (!this.#isStopping() && this.#nextLine() === null) {
      const inHand = this.lines.reduce((sum, line) => sum + line.waiting.length, 0);
      const canUse = this.lines.some((line) => this.#roomOn(line) > 0);
      if (!canUse || inHand >= IN_HAND) return;
      const { claims } = await store.claimDue({
        worker: this.worker,
        limit: Math.min(this.#claimLimit(), IN_HAND - inHand),
        ...(ids === undefined ? {} : { ids }),
        onlyUntried: this.onlyUntried,
      });
      this.#finishedAtClaim = this.#finished;
      this.#claimedAt = clock.now();
      for (const claim of claims) this.#assign(claim);
      await this.#postponer.flush();
      if (claims.length === 0) return;
    }
  }

  /** Puts a claim in the line of its first recipients' relay; without one it has to wait. */
  #assign(claim: Claim): void {
    const groups = groupByRoute(claim, this.options.routes);
    for (const { relays } of groups) {
      const line = this.#lineFor(relays);
      if (line === null) continue;
      line.waiting.push(claim);
      return;
    }
    this.#postponer.add(claim, groups);
  }

  /** As many as will be handed over in the next moment, going by the last: a slow relay's queue
   *  is claimed one by one and urgent mail overtakes, a fast one's many in a commit. */
  #claimLimit(): number {
    const { clock, maxBatch, maxDeferred, throttleMs } = this.options;
    const lines = this.lines.reduce((sum, line) => sum + Math.max(0, this.#roomOn(line)), 0);
    const room = Math.max(1, Math.min(this.#room(), lines));
    if (maxBatch !== null || maxDeferred !== null || throttleMs > 0) return room;
    const elapsedMs = Math.max(1, clock.now() - this.#claimedAt);
    const soon = Math.floor((this.#finished - this.#finishedAtClaim) / elapsedMs * AHEAD_MS);
    return Math.max(room, Math.min(soon, AHEAD));
  }

  async #startNext(line: RelayLine): Promise<void> {
    const claim = line.waiting.shift();
    if (claim === undefined) return;
    const shares = sharesOf(claim, line, this.options.ratePerDomain);
    if (shares.length > 0 && !await this.#hasShares(line, claim, shares)) return;
    this.#inFlight++;
    line.inFlight++;
    void this.#guarded(() => this.#deliver(line, claim)).then(() => {
      this.#inFlight--;
      line.inFlight--;
      this.#finished++;
      this.#wake();
    });
  }

  /** Takes a message's part of every rate, or lets its relay or the message wait. */
  async #hasShares(
    line: RelayLine,
    claim: Claim,
    shares: readonly Share[],
  ): Promise<boolean> {
    const usedUp = await this.options.store.takeShares(shares);
    if (usedUp === null) return true;
    const until = this.options.clock.now() + usedUp.waitMs;
    if (usedUp.scope.startsWith("relay:")) {
      line.blockedUntil = until;
      line.waiting.unshift(claim);
      return false;
    }
    this.#postponer.addUntil(claim, until, `the rate of ${usedUp.scope} is used up`);
    await this.#postponer.flush();
    return false;
  }

  /** Whether waiting for a relay's rate is worth it; if not, the pass ends. */
  async #waitForRate(): Promise<boolean> {
    const now = this.options.clock.now();
    const blocked = this.lines.filter((line) => line.waiting.length > 0 && !line.isDown)
      .flatMap((line) => line.blockedUntil ?? []);
    if (blocked.length === 0 || this.#isStopping()) return false;
    const until = Math.min(...blocked);
    if (until - now > SHORT_WAIT_MS) {
      this.resumeAt = until;
      await this.#giveBackAll();
      return false;
    }
    await this.options.wait(Math.max(1, until - now), this.#stop.signal);
    return true;
  }

  async #deliver(line: RelayLine, claim: Claim): Promise<void> {
    const end = await deliverClaim(claim, line, this.options.routes, this.#tools);
    if (end.isAbandoned) return;
    if (end.trouble !== null) this.#fail(end.trouble.error);
    this.#postponer.add(claim, end.unreached);
    await this.#postponer.flush();
    if (end.hasRest) this.#leftOver.push(claim);
    this.#count(end);
    const { throttleMs, wait } = this.options;
    if (throttleMs > 0 && !this.#isStopping()) await wait(throttleMs, this.#stop.signal);
  }

  #count({ changes }: Delivered): void {
    if (changes.length === 0) return;
    if (changes.some((change) => change.outcome === "sent")) this.#delivered++;
    if (changes.some((change) => change.outcome === "uncertain")) this.counts.uncertain++;
    else if (changes.some((change) => change.state === "deferred")) this.counts.deferred++;
    else if (changes.some((change) => change.state === "failed")) this.counts.failed++;
    else this.counts.sent++;
  }

  async #leaveAlone(line: RelayLine, error: string): Promise<void> {
    if (line.isDown) return;
    line.error = error;
    const { store, clock } = this.options;
    line.health = await store.noteRelay(
      line.name,
      (health) => afterFault(health, error, clock.now()),
    );
    // Its mail in hand goes by another relay, or waits.
    const waiting = line.waiting.splice(0);
    if (this.stoppedBy === "relay") this.#leftOver.push(...waiting);
    else for (const claim of waiting) this.#assign(claim);
  }

  async #prove(line: RelayLine): Promise<void> {
    line.isProven = true;
    if (line.health.failures === 0) return;
    line.health = await this.options.store.noteRelay(line.name, () => HEALTHY);
  }

  /** Gives back what is in hand and not started. */
  async #giveBackAll(): Promise<void> {
    const claims = [
      ...this.#leftOver.splice(0),
      ...this.lines.flatMap((line) => line.waiting.splice(0)),
    ];
    if (claims.length === 0) return;
    // What was tried of a claim first, or its record would find the claim gone.
    if (!this.#isAbandoned) await this.#recorder.flush();
    await this.#guarded(() => this.options.store.giveBack(claims, this.worker));
  }

  /** Records and frees what is left. */
  async #end(): Promise<void> {
    const closing = Promise.all(this.lines.map((line) => line.closeIdle()));
    await this.#recorder.flush();
    await this.#guarded(() => this.#postponer.flush());
    await this.#giveBackAll();
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
