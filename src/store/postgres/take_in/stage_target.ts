// Where staged messages go at their commit: the queue itself (here), or another process's open batch
// (batch_target.ts). And the sweeping of what was staged.

import type { Enqueued } from "../../../queue/ports/intake.ts";
import { int } from "../../sql/columns.ts";
import { VISIBLE } from "../../sql/condition.ts";
import { statusIs } from "../../sql/law.ts";
import { wayOf } from "../../sqlite/events/write.ts";
import type { Database } from "../db/connection.ts";
import type { Sql, Write } from "../db/transaction.ts";
import { dropEvents, publishLanes } from "../events/staged.ts";
import { knownKeys, knownMessage } from "./enqueue.ts";

/** Where staged messages go at their commit. What takes a transaction runs inside a write. */
export interface StageTarget {
  /** Rejects if nothing goes there any more. */
  check(): Promise<void>;
  /** The messages there that have one of these keys, by it. */
  known(tx: Sql, keys: readonly string[]): Promise<Map<string, Enqueued>>;
  /** Takes over the messages of lanes at `now`. Those whose key is known there by now are dropped: resolves to
   *  the first message of each such key, by the id of the one dropped. */
  take(tx: Write, lanes: readonly number[], now: number): Promise<Map<string, Enqueued>>;
}

/** The queue: what goes there is visible. */
export class QueueTarget implements StageTarget {
  constructor(readonly wayIn: string) {}

  check(): Promise<void> {
    return Promise.resolve();
  }

  known(tx: Sql, keys: readonly string[]): Promise<Map<string, Enqueued>> {
    return knownKeys(tx, keys);
  }

  async take(tx: Write, lanes: readonly number[], now: number): Promise<Map<string, Enqueued>> {
    const taken = await dropTaken(
      tx,
      lanes,
      `SELECT key, id FROM message
      WHERE key IS NOT NULL AND ${VISIBLE}`,
    );
    await tx.run(
      `UPDATE message SET key = staged_key.key FROM staged_key
       WHERE staged_key.seq = message.seq AND message.lane = ANY(?)`,
      lanes,
    );
    await tx.run(
      `DELETE FROM staged_key USING message
       WHERE message.seq = staged_key.seq AND message.lane = ANY(?)`,
      lanes,
    );
    await publishLanes(tx, lanes, now);
    await this.#count(tx, lanes);
    await tx.run("DELETE FROM batch WHERE id = ANY(?)", lanes);
    await tx.run(
      `INSERT INTO ready (seq, priority, queued_at)
       SELECT seq, priority, queued_at FROM message WHERE lane = ANY(?) AND ${statusIs("queued")}`,
      lanes,
    );
    return taken;
  }

  async #count(tx: Write, lanes: readonly number[]): Promise<void> {
    const rows = await tx.all(
      `SELECT count(*) AS n, max(submitter) AS submitter FROM message WHERE lane = ANY(?)
       GROUP BY lane`,
      lanes,
    );
    for (const { n, submitter } of rows) {
      tx.counts.add("enqueued", [wayOf({ submitter }, this.wayIn)], int(n));
    }
  }
}

/** Drops the messages of lanes whose key `known` has, a statement that gives `key` and `id`. */
export async function dropTaken(
  tx: Sql,
  lanes: readonly number[],
  known: string,
  ...values: number[]
): Promise<Map<string, Enqueued>> {
  const rows = await tx.all(
    `SELECT message.seq, message.id, min(first.id) AS first_id
     FROM message JOIN staged_key ON staged_key.seq = message.seq
       JOIN (${known}) AS first ON first.key = staged_key.key
     WHERE message.lane = ANY(?) GROUP BY message.seq, message.id`,
    ...values,
    lanes,
  );
  if (rows.length > 0) {
    await tx.run("DELETE FROM message WHERE seq = ANY(?)", rows.map((row) => int(row.seq)));
  }
  await dropEvents(tx, lanes, new Set(rows.map((row) => row.id)));
  return new Map(rows.map((row) => [String(row.id), knownMessage(row.first_id)]));
}

/** The staged lanes of a worker. */
export async function lanesOf(sql: Sql, owner: number): Promise<number[]> {
  const rows = await sql.all("SELECT id FROM batch WHERE owner = ? ORDER BY id", owner);
  return rows.map((row) => int(row.id));
}

/** Messages deleted in one commit. */
const SWEPT = 5_000;

/** Deletes what was staged in lanes, most of it in commits of their own; the rest of it, and the lanes
 *  themselves, together with what `last` does. */
export async function sweepLanes(
  db: Database,
  lanes: readonly number[],
  last: (tx: Sql) => Promise<void>,
): Promise<void> {
  const sweep = (tx: Sql, limit: string) =>
    tx.run(
      `DELETE FROM message WHERE seq IN
         (SELECT seq FROM message WHERE lane = ANY(?) AND lane <> 0 LIMIT ${limit})`,
      lanes,
    );
  while (await db.write((tx) => sweep(tx, String(SWEPT))) > 0);
  await db.write(async (tx) => {
    // Whoever adds to a lane holds its row: what came meanwhile goes with it.
    await tx.run("SELECT 1 FROM batch WHERE id = ANY(?) ORDER BY id FOR UPDATE", lanes);
    await sweep(tx, "ALL");
    await tx.run("DELETE FROM event_new WHERE lane = ANY(?)", lanes);
    await tx.run("DELETE FROM batch WHERE id = ANY(?)", lanes);
    await last(tx);
  });
}
