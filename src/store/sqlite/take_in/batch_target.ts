// Adds to a batch that another process holds open (`mailq tx`), each call all or nothing. The batch
// itself is open_batch.ts.

// A small call is one commit into the first lane of the batch. A large one stages a lane of its own,
// under a lock of its own, and hands it over by its row's `owner`. Who adds looks for the worker's row
// in the very commit that adds, so nothing comes in once the batch is over. No transaction is open
// while the command of `mailq tx` runs.

import { MailqError } from "../../../queue/errors.ts";
import type { Enqueued, Enqueuer, Stage } from "../../../queue/ports/intake.ts";
import type { WholeMessage } from "../../../queue/message.ts";
import { FileLock } from "../../../system/file_lock.ts";
import { nameOf } from "../../../system/files.ts";
import { lockOf } from "../../worker_file.ts";
import { int } from "../../sql/columns.ts";
import type { Connection } from "../db/connection.ts";
import { insertMessage, knownKey, knownMessage } from "./enqueue.ts";
import { settledBy, stageKey } from "./staged_keys.ts";
import { MERGE_MESSAGES, mergeLane, type StageTarget } from "./stage_target.ts";

/** The kind of worker whose batch others may add to. */
export const BATCH_KIND = "tx";

const LOCK_PATH = /^(\/.+)-worker-[0-9a-f]+$/;

/** A batch that a process holds open, as those see it that add to it. Its token is the path of
 *  the lock file of that process: it names the queue as well, and never comes again. */
export class BatchTarget implements StageTarget {
  readonly settlesLater = true;

  private constructor(readonly db: Connection, readonly token: string) {}

  /** Throws `config_invalid` if the batch is not one of this queue. */
  static of(db: Connection, token: string): BatchTarget {
    const [, file] = LOCK_PATH.exec(token) ?? [];
    if (file === undefined) {
      throw new MailqError(
        "config_invalid",
        `Cannot use MAILQ_TX = "${token}": only \`mailq tx\` sets it; unset it to queue mail by itself`,
      );
    }
    if (file !== db.file) {
      throw new MailqError(
        "config_invalid",
        `Cannot use another queue than ${file}: this runs within a \`mailq tx\` on that; ` +
          "unset MAILQ_TX to queue mail by itself",
      );
    }
    return new BatchTarget(db, token);
  }

  /** A process that was killed has left its registration behind: its lock tells. */
  async check(): Promise<void> {
    this.find();
    const found = await lockOf(this.token);
    if (found instanceof FileLock) found.release();
    if (found instanceof FileLock || found === "gone") throw ended();
  }

  /** Its worker, and the lane that small calls go into. Throws `batch_ended`. */
  find(): { readonly owner: number; readonly lane: number } {
    const row = this.db.get(
      `SELECT worker.id AS owner, min(batch.id) AS lane
       FROM worker JOIN batch ON batch.owner = worker.id AND batch.state = 'staged'
       WHERE worker.lock_file = ? AND worker.kind = '${BATCH_KIND}' GROUP BY worker.id`,
      nameOf(this.token),
    );
    if (row === undefined) throw ended();
    return { owner: int(row.owner), lane: int(row.lane) };
  }

  known(key: string): Enqueued | null {
    const known = knownKey(this.db, key);
    if (known !== null) return known;
    const { owner } = this.find();
    const row = this.db.get(
      `SELECT message.id FROM staged_key JOIN message ON message.seq = staged_key.seq
       WHERE staged_key.key = ?
         AND message.lane IN (SELECT id FROM batch WHERE state = 'staged' AND owner = ?)`,
      key,
      owner,
    );
    return row === undefined ? settledBy(this.db, key, owner) : knownMessage(row);
  }

  setKey(seq: number, key: string): void {
    stageKey(this.db, seq, key);
  }

  takeLane(lane: number, count: number): void {
    const batch = this.find();
    if (count <= MERGE_MESSAGES) mergeLane(this.db, { from: lane, into: batch.lane });
    else this.db.run("UPDATE batch SET owner = ? WHERE id = ?", batch.owner, lane);
  }

  told(): void {}
}

/** Takes messages into a batch that another process holds open: of each call all or none. */
export class JoinedBatch implements Enqueuer {
  constructor(
    readonly target: BatchTarget,
    /** A stage that goes into the batch at its commit. */
    readonly beginStage: (target: BatchTarget) => Promise<Stage>,
  ) {}

  async enqueue(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    await this.target.check();
    return await this.target.db.write(() => messages.map((message) => this.#insert(message)));
  }

  stage(): Promise<Stage> {
    return this.beginStage(this.target);
  }

  #insert(message: WholeMessage): Enqueued {
    const { db } = this.target;
    const { key } = message;
    const known = key === null ? null : this.target.known(key);
    if (known !== null) return known;
    const { lane } = this.target.find();
    const { seq, enqueued } = insertMessage(db, { ...message, key: null }, lane, message);
    if (seq !== null && key !== null) this.target.setKey(seq, key);
    return enqueued;
  }
}

function ended(): MailqError {
  return new MailqError(
    "batch_ended",
    "Cannot queue mail in the `mailq tx` this was started by: that has ended; nothing was queued",
  );
}
