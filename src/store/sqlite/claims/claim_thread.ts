// Claims and records by way of a thread with a connection of its own. Called by claiming.ts for passes
// that it is worth it for; the thread's side is in_claim_thread.ts.

import { errorFromThread } from "../../../queue/errors.ts";
import { Thread } from "../../../system/thread.ts";
import type { AttemptRecord, Claim } from "../../../queue/claim.ts";
import type { ClaimBatch, ClaimRequest, RecordResult } from "../../../queue/ports/claims.ts";
import type { RecordableAttempt } from "./record.ts";
import type { ThreadAnswer, ThreadRequest, WireClaim } from "./in_claim_thread.ts";

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
  readonly #thread = new Thread<ThreadRequest, ThreadAnswer>(
    import.meta.resolve("./in_claim_thread.ts"),
    errorFromThread,
  );

  private constructor() {}

  /** Starts the thread on the queue's file. */
  static async start(path: string): Promise<ClaimThread> {
    const claims = new ClaimThread();
    try {
      await claims.#thread.ask({ kind: "open", path });
      return claims;
    } catch (error) {
      await claims.close();
      throw error;
    }
  }

  /** See Claims.claimDue. */
  async claimDue(request: ClaimRequest, now: number): Promise<ClaimBatch> {
    const { worker, limit, ids, onlyUntried, bodyBytes } = request;
    const answer = await this.#thread.ask({
      kind: "claim",
      request: {
        worker: { id: worker.id },
        limit,
        onlyUntried,
        ...(ids && { ids }),
        ...(bodyBytes !== undefined && { bodyBytes }),
      },
      now,
    });
    if (answer.kind !== "claimed") throw new Error(`asked for claims, got ${answer.kind}`);
    const { bodies, expired, suppressed } = answer;
    const wired: readonly WireClaim[] = JSON.parse(answer.claims);
    const inUse = new Uint32Array(bodies.length);
    const claims = wired.map((claim): Claim => {
      if (claim.content === null) return { ...claim, content: null };
      const [which, at, length] = claim.content;
      const body = bodies[which] ?? new ArrayBuffer(0);
      inUse[which] = (inUse[which] ?? 0) + 1;
      // Freed, and never used for other mail: a program that has read enough of its message may still
      // be written to.
      const release = () => {
        inUse[which] = (inUse[which] ?? 0) - 1;
        if (inUse[which] === 0) body.transfer(0);
      };
      return { ...claim, content: new Uint8Array(body, at, length), release };
    });
    return { claims, expired, suppressed };
  }

  /** See Claims.record. */
  async record(
    attempts: readonly AttemptRecord[],
    keepsBodies: boolean,
    now: number,
  ): Promise<RecordResult> {
    const held = attempts.map((attempt): RecordableAttempt => {
      const { seq, id, token, lifeFrom, recipients: { length } } = attempt.claim;
      return { ...attempt, claim: { seq, id, token, lifeFrom, recipients: { length } } };
    });
    const answer = await this.#thread.ask({
      kind: "record",
      attempts: JSON.stringify(held),
      keepsBodies,
      now,
    });
    if (answer.kind !== "recorded") throw new Error(`asked to record, got ${answer.kind}`);
    return { lost: answer.lost };
  }

  /** Whether it can be asked for anything. */
  get isAlive(): boolean {
    return this.#thread.isAlive;
  }

  /** Ends the thread once it has done what it was asked for. */
  async close(): Promise<void> {
    // One that has failed has nothing to close.
    await this.#thread.ask({ kind: "close" }).catch(() => {});
    this.#thread.end(new Error("the thread that claims and records was closed"));
  }
}
