// Adds to a batch that another process holds open (`mailq tx`), each call all or nothing. The batch
// itself is open_batch.ts.

// A small call is one commit into the first lane of the batch; a large one stages a lane of its own and
// hands it over by its row's `owner`. Who adds holds the row of the batch's worker, so nothing comes in
// once the batch is over.

import { MailqError } from "../../../queue/errors.ts";
import type { Enqueued, Enqueuer, Stage } from "../../../queue/ports/intake.ts";
import type { WholeMessage } from "../../../queue/message.ts";
import { int } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { isDead } from "../claims/life.ts";
import type { Database } from "../db/connection.ts";
import { json, type Sql, type Write } from "../db/transaction.ts";
import { incoming, insertUnknown, knownKeys, knownMessage } from "./enqueue.ts";
import { dropTaken, type StageTarget } from "./stage_target.ts";

/** The kind of worker whose batch others may add to. */
export const BATCH_KIND = "tx";

const TOKEN = /^mailq-tx:([0-9a-f-]+):([0-9a-f]+)$/;

/** What others join the batch of a worker by: it names the queue as well, and never comes again. */
export async function batchToken(db: Database, name: string): Promise<string> {
  return `mailq-tx:${await queueId(db)}:${name}`;
}

/** A name that no other queue has. */
export async function queueId(db: Database): Promise<string> {
  return String((await db.get("SELECT value FROM meta WHERE key = 'queue_id'"))?.value);
}

/** A batch that a process holds open, as those see it that add to it. */
export class BatchTarget implements StageTarget {
  private constructor(readonly db: Database, readonly name: string) {}

  /** Throws `config_invalid` if the batch is not one of this queue. */
  static async of(db: Database, token: string): Promise<BatchTarget> {
    const [, queue, name] = TOKEN.exec(token) ?? [];
    if (name === undefined) {
      throw new MailqError(
        "config_invalid",
        `Cannot use MAILQ_TX = "${token}": only \`mailq tx\` sets it; unset it to queue mail by itself`,
      );
    }
    if (queue !== await queueId(db)) {
      throw new MailqError(
        "config_invalid",
        `Cannot use the queue ${db.name}: this runs within a \`mailq tx\` on another; ` +
          "unset MAILQ_TX to queue mail by itself",
      );
    }
    return new BatchTarget(db, name);
  }

  /** A process that was killed has left its registration behind. */
  async check(): Promise<void> {
    await this.find(this.db);
    const row = await this.db.get(
      "SELECT *, clock_timestamp() - seen_at > '60 s' AS is_late " +
        "FROM worker WHERE name = ?",
      this.name,
    );
    if (row === undefined || await isDead(row)) throw ended();
  }

  /** Its worker, and the lane that small calls go into. `lock` is the lock on the worker's row. Throws
   *  `batch_ended`. */
  async find(
    sql: Sql,
    lock: "" | "FOR KEY SHARE" | "FOR UPDATE" = "",
  ): Promise<{ readonly owner: number; readonly lane: number }> {
    const row = await sql.get(
      `SELECT id FROM worker WHERE name = ? AND kind = '${BATCH_KIND}' ${lock}`,
      this.name,
    );
    if (row === undefined) throw ended();
    const batch = await sql.get("SELECT min(id) AS lane FROM batch WHERE owner = ?", int(row.id));
    if (typeof batch?.lane !== "number") throw ended();
    return { owner: int(row.id), lane: batch.lane };
  }

  async known(tx: Sql, keys: readonly string[]): Promise<Map<string, Enqueued>> {
    const { owner } = await this.find(tx);
    const rows = await tx.all(
      `${KEYS_OF_OWNER} AND staged_key.key IN (SELECT jsonb_array_elements_text(?::jsonb))`,
      owner,
      json(keys),
    );
    const staged = rows.map((row): [string, Enqueued] => [String(row.key), knownMessage(row.id)]);
    return new Map([...staged, ...await knownKeys(tx, keys)]);
  }

  async take(tx: Write, lanes: readonly number[]): Promise<Map<string, Enqueued>> {
    const { owner } = await this.find(tx, "FOR UPDATE");
    const taken = await dropTaken(
      tx,
      lanes,
      `SELECT key, id FROM message WHERE key IS NOT NULL AND ${VISIBLE}
       UNION ALL ${KEYS_OF_OWNER}`,
      owner,
    );
    await tx.run("UPDATE batch SET owner = ? WHERE id = ANY(?)", owner, lanes);
    return taken;
  }
}

const KEYS_OF_OWNER = `SELECT staged_key.key, message.id
  FROM batch JOIN message ON message.lane = batch.id JOIN staged_key ON staged_key.seq = message.seq
  WHERE batch.owner = ?`;

/** Takes messages into a batch that another process holds open: of each call all or none. */
export class JoinedBatch implements Enqueuer {
  constructor(
    readonly target: BatchTarget,
    /** A stage that goes into the batch at its commit. */
    readonly beginStage: (target: BatchTarget) => Promise<Stage>,
  ) {}

  async enqueue(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    const { target } = this;
    await target.check();
    const keys = messages.flatMap(({ key }) => key ?? []);
    const inserted = await target.db.write(async (tx) => {
      // Two with one key come one after the other.
      const { lane } = await target.find(tx, keys.length > 0 ? "FOR UPDATE" : "FOR KEY SHARE");
      const known = keys.length === 0 ? new Map() : await target.known(tx, keys);
      return await insertUnknown(tx, messages.map(incoming), { known, lane });
    });
    return inserted.map((one) => one.enqueued);
  }

  stage(): Promise<Stage> {
    return this.beginStage(this.target);
  }
}

function ended(): MailqError {
  return new MailqError(
    "batch_ended",
    "Cannot queue mail in the `mailq tx` this was started by: that has ended; nothing was queued",
  );
}
