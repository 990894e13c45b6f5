// How much a relay is given that wants less: the connections and the rate it was found to bear, and
// how long it is left in peace. `outlet.ts` asks before each message, `deliver_claim.ts` tells what
// the relay said. The numbers are in `queue/policy/throttle.ts`; `relay_notes.ts` keeps what was
// learned in the queue.

import {
  afterNothingTaken,
  afterTaken,
  isAboutConnections,
  relaxed,
  type RelayLimits,
  restsUntil,
  slowerThan,
} from "../../queue/policy/throttle.ts";
import type { Clock } from "../../system/time.ts";

/** The rate is measured over two of these. */
const SPAN_MS = 1_000;
/** A rate is told from so many messages at least. */
const TELLING = 2;
/** At the learned rate one message in so many may be refused without its getting slower. */
const BEARABLE = 8;
/** Connections that had worked are missed so often before fewer are the limit. */
const MISSED = 3;

/** A message that was told to come later. */
interface Throttled {
  readonly reply: string;
  /** What `begin` returned for it. */
  readonly begun: number;
  /** The relay's other connections with mail under way. */
  readonly othersBusy: number;
  /** It came before any message: nothing is known of the rate. */
  readonly isInSetUp: boolean;
}

/** One relay's limits during a pass. */
export class Throttle {
  /** What was learned is not in the queue yet. */
  isUnsaved = false;
  /** It took nothing for so long that this pass waits no more. */
  isOver = false;
  /** Fewer connections than were known to work, as long as no message has shown that it is so. */
  #fewer: number | null = null;
  /** The most connections that worked at a time. */
  #mostWorking = 0;
  #missed = 0;
  /** No more connections are opened before. */
  #opensAt = 0;
  /** At a learned rate nothing is started before. */
  #startsAt = 0;
  /** Counts what was begun, and how much that was at the last throttle. */
  #begun = 0;
  #begunThen = 0;
  #takenSince = 0;
  /** Since the rate was last lowered. */
  #begunAtRate = 0;
  #refusedAtRate = 0;
  /** What was taken in the span that began at `#spanFrom`, and in the one before. */
  #spanFrom = 0;
  #inSpan = 0;
  #inSpanBefore = 0;

  constructor(public limits: RelayLimits, readonly configured: number) {}

  /** How many connections it may have. */
  connections(clock: Clock): number {
    if (this.#fewer === null && this.limits.connections === null) return this.configured;
    const learned = relaxed(this.limits, clock.now()).connections ?? this.configured;
    return Math.min(this.configured, learned, this.#fewer ?? Infinity);
  }

  /** It has taken nothing since it last said no: one message tries. */
  get isOnTrial(): boolean {
    return this.limits.backOffs > 0;
  }

  get isSlow(): boolean {
    return this.isOnTrial || this.limits.rate !== null;
  }

  /** Whether `blockedUntil` is worth asking. */
  get mayBlock(): boolean {
    return this.isOnTrial || this.#startsAt > 0 || this.#opensAt > 0;
  }

  /** Until when nothing may be started, or no connection opened where `needsConnection`; null if it may
   *  be now. */
  blockedUntil(now: number, needsConnection: boolean): number | null {
    const rest = this.isOnTrial ? restsUntil(this.limits, now) : null;
    const until = Math.max(this.#startsAt, needsConnection ? this.#opensAt : 0);
    // Further ahead than it can be: the clock was set back.
    const isSoon = until > now && until <= now + 2 * SPAN_MS;
    if (rest === null) return isSoon ? until : null;
    return isSoon ? Math.max(rest, until) : rest;
  }

  /** Notes that a message is started; returns its number. */
  begin(now: number): number {
    const { rate } = this.limits;
    if (rate !== null) {
      const gapMs = SPAN_MS / (relaxed(this.limits, now).rate ?? Infinity);
      // What was not used of the rate is gone, but for one message.
      this.#startsAt = Math.max(this.#startsAt, now - gapMs) + gapMs;
    }
    return this.#begun++;
  }

  /** The relay took a message, with so many connections that work. */
  noteTaken(now: number, working: number): void {
    if (working > this.#mostWorking) this.#mostWorking = working;
    this.#takenSince++;
    this.#slide(now);
    this.#inSpan++;
    if (this.isOnTrial) this.#set(afterTaken(this.limits));
    if (this.#fewer !== null) this.#learnConnections(this.#fewer, now);
  }

  /** A connection was refused while others of this relay stand. */
  noteRefusedConnection(others: number, now: number): void {
    if (others < this.#mostWorking && ++this.#missed < MISSED) {
      this.#opensAt = now + SPAN_MS;
      return;
    }
    this.#missed = 0;
    this.#mostWorking = Math.min(this.#mostWorking, others);
    this.#fewer = Math.max(1, Math.min(others, this.#fewer ?? Infinity));
  }

  /** The relay itself is at fault: what looked like a limit was none. */
  forget(): void {
    this.#fewer = null;
  }

  /** A message was told to come later. */
  noteThrottled({ reply, begun, othersBusy, isInSetUp }: Throttled, now: number): void {
    const isOfConnections = isAboutConnections(reply);
    if (isOfConnections && othersBusy > 0) this.noteRefusedConnection(othersBusy, now);
    if (begun >= this.#begunAtRate) this.#refusedAtRate++;
    // What was under way at the same time tells nothing new.
    const isNew = begun >= this.#begunThen;
    if (isNew) {
      this.#begunThen = this.#begun;
      if (!isOfConnections && !isInSetUp) this.#slowDown(now);
      if (this.#takenSince === 0) {
        const { limits, isOver } = afterNothingTaken(this.limits, reply, now);
        this.#set(limits);
        this.isOver = isOver;
      } else this.#set({ ...this.limits, reply });
      this.#takenSince = 0;
    }
  }

  /** Lowers the rate, unless by far the most is taken at the one that was learned. */
  #slowDown(now: number): void {
    const { rate } = this.limits;
    const tries = this.#begun - this.#begunAtRate;
    if (rate !== null && this.#refusedAtRate * BEARABLE <= tries) return;
    this.#slide(now);
    // Where nothing was taken of late nothing is known of the rate: the back-off has to do.
    if (this.#inSpan + this.#inSpanBefore < TELLING) return;
    const spanMs = Math.max(SPAN_MS, now - this.#spanFrom + (this.#inSpanBefore > 0 ? SPAN_MS : 0));
    const taken = (this.#inSpan + this.#inSpanBefore) * SPAN_MS / spanMs;
    const slower = slowerThan(Math.min(taken, rate ?? Infinity));
    this.#begunAtRate = this.#begun;
    this.#refusedAtRate = 0;
    this.#startsAt = now + SPAN_MS / slower;
    this.#set({ ...relaxed(this.limits, now), rate: slower, learnedAt: now });
  }

  #learnConnections(connections: number, now: number): void {
    this.#fewer = null;
    if (connections === this.limits.connections) return;
    const limits = relaxed(this.limits, now);
    this.#set({ ...limits, connections, ofConnections: this.configured, learnedAt: now });
  }

  #slide(now: number): void {
    const passed = now - this.#spanFrom;
    if (passed >= 0 && passed < SPAN_MS) return;
    this.#inSpanBefore = passed >= 0 && passed < 2 * SPAN_MS ? this.#inSpan : 0;
    this.#inSpan = 0;
    this.#spanFrom = this.#inSpanBefore > 0 ? this.#spanFrom + SPAN_MS : now;
  }

  #set(limits: RelayLimits): void {
    this.limits = limits;
    this.isUnsaved = true;
  }
}
