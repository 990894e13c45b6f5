// Holds a batch open for other processes to add to, until it is committed or dropped. They add by
// batch_target.ts.

import type { BatchEnd, Enqueued, OpenBatch } from "../../../queue/ports/intake.ts";
import { int } from "../../sql/columns.ts";
import { statusIs } from "../../sql/law.ts";
import type { PostgresWorker } from "../claims/workers.ts";
import type { Database } from "../db/connection.ts";
import type { Sql } from "../db/transaction.ts";
import { BATCH_KIND } from "./batch_target.ts";
import { makeLane } from "./stage.ts";
import { lanesOf, QueueTarget, type StageTarget, sweepLanes } from "./stage_target.ts";

/** A batch that was open for less is as old as its messages. */
const SHORT_MS = 1_000;

/** A batch that others add to, held open by `owner`: all staged lanes of his. */
export class PostgresBatch implements OpenBatch {
  #isOver = false;

  private constructor(
    readonly db: Database,
    readonly owner: PostgresWorker,
    readonly target: StageTarget,
    readonly token: string,
    readonly wake: (tx: Sql) => Promise<void>,
  ) {}

  static async begin(
    db: Database,
    owner: PostgresWorker,
    target: StageTarget,
    token: string,
    wake: (tx: Sql) => Promise<void>,
  ): Promise<PostgresBatch> {
    try {
      await db.write((tx) => makeLane(tx, owner));
    } catch (error) {
      await owner.close();
      throw error;
    }
    return new PostgresBatch(db, owner, target, token, wake);
  }

  async commit(): Promise<BatchEnd> {
    const { db, owner, target } = this;
    await target.check();
    const end = await db.write(async (tx) => {
      // Whoever adds holds the row; from here on nobody does.
      await tx.run("SELECT 1 FROM worker WHERE id = ? FOR UPDATE", owner.id);
      const lanes = await lanesOf(tx, owner.id);
      const isForQueue = target instanceof QueueTarget;
      if (isForQueue) await this.#renewTimes(tx, lanes);
      const taken: Map<string, Enqueued> = await target.take(tx, lanes, owner.clock.now());
      const counted = await tx.get(
        "SELECT count(*) AS n FROM message WHERE lane = ANY(?)",
        lanes,
      );
      const urgent = isForQueue ? await urgentIds(tx, lanes) : [];
      // In the same commit: after it nothing may fail, for the mail is in the queue.
      await owner.deregister(tx);
      const count = int(counted?.n);
      if (isForQueue && count > 0) await this.wake(tx);
      const known = [...taken].map(([id, first]) => ({ id, firstId: first.id }));
      return { count, urgent, known };
    }, { isLong: true });
    this.#isOver = true;
    owner.letGo();
    return end;
  }

  async abort(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      await sweepOwner(this.db, this.owner.id);
    } finally {
      // What could not be swept now is another's to sweep, for its owner is seen to be dead.
      this.owner.letGo();
    }
  }

  /** Mail is queued, and its lifetime begins, when it becomes visible: a batch that was open for
   *  hours must not look like a queue that stands still. */
  async #renewTimes(tx: Sql, lanes: readonly number[]): Promise<void> {
    const now = this.owner.clock.now();
    await tx.run(
      `UPDATE message SET queued_at = ?, life_from = ? WHERE lane = ANY(?) AND queued_at < ?`,
      now,
      now,
      lanes,
      now - SHORT_MS,
    );
  }
}

/** What wants to be sent by the very process that queues it. */
async function urgentIds(tx: Sql, lanes: readonly number[]): Promise<string[]> {
  const rows = await tx.all(
    `SELECT id FROM message WHERE lane = ANY(?) AND ${statusIs("queued")} AND priority = 0
     ORDER BY seq`,
    lanes,
  );
  return rows.map((row) => String(row.id));
}

/** Sweeps the staged lanes of a worker, which nobody adds to any more, and ends its registration. */
export async function sweepOwner(db: Database, owner: number): Promise<void> {
  await db.run("UPDATE worker SET kind = 'sweep' WHERE id = ? AND kind = ?", owner, BATCH_KIND);
  await sweepLanes(db, await lanesOf(db, owner), async (tx) => {
    await tx.run("DELETE FROM worker WHERE id = ?", owner);
  });
}
