// Claims and records, in this thread or, once there is much to do, in one of its own. The store
// calls it; the thread is claim_thread.ts's.

import type { AttemptRecord } from "../../../queue/claim.ts";
import type { Clock } from "../../../system/time.ts";
import type { ClaimBatch, ClaimRequest, RecordResult } from "../../../queue/ports/claims.ts";
import { claimDue } from "./claim.ts";
import type { ClaimThread } from "./claim_thread.ts";
import type { Connection } from "../db/connection.ts";
import { int } from "../../sql/columns.ts";
import { statusIs } from "../../sql/law.ts";
import { record } from "./record.ts";

/** Who claims so much has a fast relay, and much to send. */
const CLAIMS_FOR_A_THREAD = 256;
/** With so much waiting it begins to start at once: it takes a moment to. */
const QUEUED_FOR_A_THREAD = 1_000;

/** Claims and records: by itself as long as there is little of it, then in a thread. */
export class Claiming {
  #claimed = 0;
  #thread: ClaimThread | null = null;
  #starting: Promise<void> | null = null;
  /** The queue's file, whatever it is called by now. */
  readonly #inode: string | null;

  constructor(readonly db: Connection, readonly clock: Clock) {
    this.#inode = inodeOf(db);
  }

  /** See Claims.claimDue. */
  async claimDue(request: ClaimRequest): Promise<ClaimBatch> {
    // Until the thread is there, this one goes on by itself.
    if (this.#isWorthAThread(request)) void this.startThread();
    if (this.#thread?.isAlive) return await this.#thread.claimDue(request, this.clock.now());
    const batch = await claimDue(this.db, request, () => this.clock.now());
    this.#claimed += batch.claims.length;
    return batch;
  }

  #isWorthAThread({ ids }: ClaimRequest): boolean {
    if (this.#starting !== null || this.#claimed >= CLAIMS_FOR_A_THREAD) return true;
    if (this.#claimed > 0 || ids !== undefined) return false;
    const row = this.db.get(`SELECT sum(n) AS n FROM tally WHERE ${statusIs("queued")}`);
    return int(row?.n) >= QUEUED_FOR_A_THREAD;
  }

  /** See Claims.record. */
  async record(attempts: readonly AttemptRecord[], keepsBodies: boolean): Promise<RecordResult> {
    const now = this.clock.now();
    if (this.#thread?.isAlive) return await this.#thread.record(attempts, keepsBodies, now);
    return await this.db.write(() => record(this.db, attempts, { now, keepsBodies }));
  }

  /** Lets a thread claim and record from now on, once it is there. */
  startThread(): Promise<void> {
    return this.#starting ??= (async () => {
      // By its name the thread would open, or even make, another queue.
      if (this.#inode === null || inodeOf(this.db) !== this.#inode) return;
      const { startThread }: typeof import("./claim_thread.ts") = await import(
        import.meta.resolve("./claim_thread.ts")
      );
      this.#thread = await startThread(this.db.file);
    })().catch(() => {});
  }

  async close(): Promise<void> {
    await this.#starting;
    await this.#thread?.close();
  }
}

/** Tells the queue's file from others that come to stand in its place; null where there is none. */
function inodeOf({ isInMemory, file }: Connection): string | null {
  if (isInMemory) return null;
  try {
    const { dev, ino } = Deno.statSync(file);
    return `${dev} ${ino}`;
  } catch {
    return null;
  }
}
