// Where staged messages go at their commit: the queue itself (here), or another process's open
// batch (batch_target.ts). And lanes: moving their messages, sweeping them.

import type { Enqueued } from "../../../queue/ports/intake.ts";
import type { Connection } from "../db/connection.ts";
import { countEnqueued, freeKey, knownKey } from "./enqueue.ts";
import { wake } from "../db/wake.ts";
import { moveLaneEvents, publishLane, sweepLaneEvents, wayOf } from "../events/write.ts";

/** The most messages that one commit moves into another lane, row by row. */
export const MERGE_MESSAGES = 2_000;

/** Where staged messages go at their commit: into the queue, or into a batch that another process
 *  holds open. All but the first and the last run inside the write of the commit. */
export interface StageTarget {
  /** Whether keys have to be settled once more, at the end of a batch that this one goes into. */
  readonly settlesLater: boolean;
  /** Rejects if nothing goes there any more. */
  check(): Promise<void>;
  /** The message that has the key; null if it is free. */
  known(key: string): Enqueued | null;
  setKey(seq: number, key: string): void;
  /** Takes over the messages of `lane` at `now`. `count` is how many this commit has brought so far,
   *  these included: it must not move too many row by row. */
  takeLane(lane: number, count: number, now: number): void;
  /** Tells who waits for it. */
  told(): void;
}

const LANE_FACTS = `SELECT
  (SELECT sum(n) FROM tally WHERE lane = ?) AS n,
  (SELECT submitter FROM message WHERE lane = ? AND lane <> 0 LIMIT 1) AS submitter`;

/** The queue: what goes there is visible. */
export class QueueTarget implements StageTarget {
  readonly settlesLater = false;

  constructor(readonly db: Connection, readonly wayIn: string) {}

  check(): Promise<void> {
    return Promise.resolve();
  }

  known(key: string): Enqueued | null {
    return knownKey(this.db, key);
  }

  setKey(seq: number, key: string): void {
    freeKey(this.db, key);
    this.db.run("UPDATE OR ROLLBACK message SET key = ? WHERE seq = ?", key, seq);
  }

  takeLane(lane: number, count: number, now: number): void {
    publishLane(this.db, lane, now);
    const { n, submitter } = this.db.get(LANE_FACTS, lane, lane) ?? {};
    countEnqueued(this.db, wayOf({ submitter: submitter ?? null }, this.wayIn), Number(n ?? 0));
    // Every visible lane costs each claim a statement: only large ones stay apart, where one row's
    // update makes all of it visible.
    if (count <= MERGE_MESSAGES) mergeLane(this.db, { from: lane, into: 0 });
    else this.db.run("UPDATE batch SET state = 'visible' WHERE id = ?", lane);
  }

  told(): void {
    wake(this.db);
  }
}

/** Moves the messages of one lane into another; runs inside a write. */
export function mergeLane(
  db: Connection,
  { from, into }: { readonly from: number; readonly into: number },
): void {
  db.run(
    `UPDATE OR ROLLBACK message INDEXED BY by_lane SET lane = ? WHERE lane = ? AND lane <> 0`,
    into,
    from,
  );
  if (into !== 0) moveLaneEvents(db, { from, into });
  dropLane(db, from);
}

/** Deletes what was staged in `lane`, in commits of their own. */
export async function sweepLane(db: Connection, lane: number): Promise<void> {
  // The last of it together with the lane itself: whoever adds to a batch of another process may
  // do so between two of our commits, and mail of a lane that is gone would be visible.
  while (await db.write(() => sweepLaneEvents(db, lane)));
  const sweepSome = () => {
    const swept = db.run(
      `DELETE FROM message WHERE seq IN
         (SELECT seq FROM message INDEXED BY by_lane WHERE lane = ? AND lane <> 0 LIMIT 500)`,
      lane,
    );
    if (swept === 0) {
      while (sweepLaneEvents(db, lane));
      dropLane(db, lane);
    }
    return swept;
  };
  while (await db.write(sweepSome) > 0);
}

function dropLane(db: Connection, lane: number): void {
  db.run("DELETE FROM batch WHERE id = ?", lane);
  db.run("DELETE FROM tally WHERE lane = ? AND lane <> 0", lane);
}
