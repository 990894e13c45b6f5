// Holds a batch open for other processes to add to, until it is committed or dropped. They add by
// batch_target.ts.

import type { BatchEnd, OpenBatch } from "../../../queue/ports/intake.ts";
import type { Clock, Random } from "../../../system/time.ts";
import { BATCH_KIND, BatchTarget } from "./batch_target.ts";
import { int } from "../../sql/columns.ts";
import type { Connection } from "../db/connection.ts";
import { isOneOf } from "../../sql/law.ts";
import { makeLane } from "./stage.ts";
import { settleKeys, settleMany } from "./staged_keys.ts";
import { QueueTarget, type StageTarget, sweepLane } from "./stage_target.ts";
import { registerWorker, type SqliteWorker } from "../claims/workers.ts";

/** Rows given their new time in one commit. */
const RENEW_MESSAGES = 2_000;
/** A batch that was open for less is as old as its messages. */
const SHORT_MS = 1_000;

/** A batch that others add to, held open by the lock of `owner`: all staged lanes of his. */
export class SqliteBatch implements OpenBatch {
  #isOver = false;

  private constructor(
    readonly db: Connection,
    readonly owner: SqliteWorker,
    readonly target: StageTarget,
    readonly clock: Clock,
  ) {}

  static async begin(
    db: Connection,
    clock: Clock,
    random: Random,
    { within, wayIn }: { readonly within: string | null; readonly wayIn: string },
  ): Promise<SqliteBatch> {
    const target = within === null ? new QueueTarget(db, wayIn) : BatchTarget.of(db, within);
    await target.check();
    const owner = await registerWorker(db, BATCH_KIND, { clock, random });
    try {
      await db.write(() => makeLane(db, owner.id, clock.now()));
    } catch (error) {
      await owner.close();
      throw error;
    }
    return new SqliteBatch(db, owner, target, clock);
  }

  get token(): string {
    return this.owner.lock?.path ?? "";
  }

  async commit(): Promise<BatchEnd> {
    const { db, owner, target, clock } = this;
    await target.check();
    if (target instanceof QueueTarget) await this.#renewTimes();
    const staged = lanesOf(db, owner.id).reduce((sum, { n }) => sum + n, 0);
    const settled = await settleMany(db, owner.id, staged, target);
    const end = await db.write(() => {
      const taken = settleKeys(db, owner.id, target, settled);
      const known = [...taken].map(([id, first]) => ({ id, firstId: first.id }));
      const urgent = target instanceof QueueTarget ? urgentIds(db, owner.id) : [];
      let count = 0;
      for (const { lane, n } of lanesOf(db, owner.id)) {
        count += n;
        target.takeLane(lane, count, clock.now());
      }
      // In the same commit: after it nothing may fail, for the mail is in the queue.
      owner.deregister();
      return { count, urgent, known };
    });
    this.#isOver = true;
    owner.letGo();
    if (end.count > 0) target.told();
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
   *  hours must not look like a queue that stands still. In commits of their own, while nobody
   *  sees it yet. */
  async #renewTimes(): Promise<void> {
    const { db, clock } = this;
    for (const { lane } of lanesOf(db, this.owner.id)) {
      for (let after = 0;;) {
        const now = clock.now();
        const seqs = db.all(
          `SELECT seq FROM message INDEXED BY by_lane
           WHERE lane = ? AND lane <> 0 AND seq > ? ORDER BY seq LIMIT ${RENEW_MESSAGES}`,
          lane,
          after,
        ).map((row) => int(row.seq));
        const last = seqs.at(-1);
        if (last === undefined) break;
        await db.write(() =>
          db.run(
            `UPDATE OR ROLLBACK message SET queued_at = ?, life_from = ?
             WHERE lane = ? AND lane <> 0 AND seq > ? AND seq <= ? AND queued_at < ?`,
            now,
            now,
            lane,
            after,
            last,
            now - SHORT_MS,
          )
        );
        after = last;
      }
    }
  }
}

/** Sweeps the staged lanes of a worker, which nobody adds to any more, and ends its
 *  registration. */
export async function sweepOwner(db: Connection, owner: number): Promise<void> {
  await db.write(() =>
    db.run("UPDATE worker SET kind = 'sweep' WHERE id = ? AND kind = ?", owner, BATCH_KIND)
  );
  for (const { lane } of lanesOf(db, owner)) await sweepLane(db, lane);
  await db.write(() => db.run("DELETE FROM worker WHERE id = ?", owner));
}

function lanesOf(db: Connection, owner: number): { readonly lane: number; readonly n: number }[] {
  const rows = db.all(
    `SELECT id, (SELECT sum(n) FROM tally WHERE lane = batch.id) AS n
     FROM batch WHERE state = 'staged' AND owner = ? ORDER BY id`,
    owner,
  );
  return rows.map((row) => ({ lane: int(row.id), n: int(row.n ?? 0) }));
}

/** What wants to be sent by the very process that queues it. */
function urgentIds(db: Connection, owner: number): string[] {
  const rows = db.all(
    `SELECT message.id FROM batch JOIN message INDEXED BY claim_order ON message.lane = batch.id
     WHERE batch.state = 'staged' AND batch.owner = ?
       AND ${isOneOf("message.status", ["queued"])} AND message.priority = 0 ORDER BY message.seq`,
    owner,
  );
  return rows.map((row) => String(row.id));
}
