import { MailqError } from "../../queue/errors.ts";
import type { AttemptRecord, Claim } from "../../queue/message.ts";
import type { ClaimBatch, ClaimRequest, RecordResult } from "../../queue/worker.ts";
import type { RecordableAttempt } from "./record.ts";
import type { ThreadAnswer, ThreadRequest, WireClaim } from "./claim_thread_worker.ts";

/** Claims whose memory is kept for others. */
const SPARE = 4;

interface Waiting {
  readonly resolve: (answer: ThreadAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** Starts a thread on the queue's file; null if it cannot be had. */
export async function startThread(path: string): Promise<ClaimThread | null> {
  try {
    return await ClaimThread.start(path);
  } catch {
    return null;
  }
}

/** A thread with a connection of its own, which claims and records while this one talks to
 *  relays: most of a fast pass's time would otherwise go into waiting for the disk and for SQLite.
 *
 *  What crosses over goes as JSON text and one buffer: copying objects field by field, as messages
 *  between threads do, costs five times as much. */
export class ClaimThread {
  #nextId = 0;
  #failure: unknown = null;
  readonly #waiting = new Map<number, Waiting>();
  /** Memory of bodies nobody reads any more. Left to the garbage collector, megabytes a moment
   *  would set it off again and again. */
  readonly #spare: ArrayBuffer[] = [];

  private constructor(readonly thread: Worker) {
    thread.addEventListener("message", ({ data }: MessageEvent<ThreadAnswer>) => this.#take(data));
    thread.addEventListener("error", (event) => {
      event.preventDefault();
      this.#fail(new Error(`the thread that claims and records failed: ${event.message}`));
    });
  }

  /** Starts the thread on the queue's file. */
  static async start(path: string): Promise<ClaimThread> {
    const thread = new ClaimThread(
      new Worker(import.meta.resolve("./claim_thread_worker.ts"), { type: "module" }),
    );
    try {
      await thread.#ask({ kind: "open", path });
      return thread;
    } catch (error) {
      await thread.close();
      throw error;
    }
  }

  /** See Store.claimDue. */
  async claimDue(request: ClaimRequest, now: number): Promise<ClaimBatch> {
    const { worker, limit, ids, onlyUntried } = request;
    const answer = await this.#ask({
      kind: "claim",
      request: { worker: { id: worker.id }, limit, onlyUntried, ...(ids && { ids }) },
      now,
      spare: this.#spare.pop() ?? null,
    });
    if (answer.kind !== "claimed") throw new Error(`asked for claims, got ${answer.kind}`);
    const { bodies, expired, suppressed } = answer;
    const wired: readonly WireClaim[] = JSON.parse(answer.claims);
    let inUse = wired.length;
    const release = () => {
      if (--inUse === 0 && this.#spare.length < SPARE) this.#spare.push(bodies);
    };
    const claims = wired.map((claim): Claim => ({
      ...claim,
      content: claim.content && new Uint8Array(bodies, claim.content[0], claim.content[1]),
      release,
    }));
    return { claims, expired, suppressed };
  }

  /** See Store.record. */
  async record(
    attempts: readonly AttemptRecord[],
    keepsBodies: boolean,
    now: number,
  ): Promise<RecordResult> {
    const held = attempts.map((attempt): RecordableAttempt => {
      const { seq, token, recipients: { length } } = attempt.claim;
      return { ...attempt, claim: { seq, token, recipients: { length } } };
    });
    const answer = await this.#ask({
      kind: "record",
      attempts: JSON.stringify(held),
      keepsBodies,
      now,
    });
    if (answer.kind !== "recorded") throw new Error(`asked to record, got ${answer.kind}`);
    return { lost: answer.lost };
  }

  #ask(request: ThreadRequest): Promise<ThreadAnswer> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<ThreadAnswer>();
    this.#waiting.set(id, { resolve, reject });
    const isWithSpare = request.kind === "claim" && request.spare !== null;
    this.thread.postMessage({ id, request }, isWithSpare ? [request.spare] : []);
    return promise;
  }

  #take(answer: ThreadAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.kind !== "failed") return waiting?.resolve(answer);
    const { code, message } = answer;
    waiting?.reject(code === null ? new Error(message) : new MailqError(code, message));
  }

  /** Whether it can be asked for anything. */
  get isAlive(): boolean {
    return this.#failure === null;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** Ends the thread once it has done what it was asked for. */
  async close(): Promise<void> {
    // One that has failed has nothing to close.
    await this.#ask({ kind: "close" }).catch(() => {});
    this.thread.terminate();
    this.#fail(new Error("the thread that claims and records was closed"));
  }
}
