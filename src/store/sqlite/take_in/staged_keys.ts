// Keys of messages that are staged, and who gets a key at the commit. Stages and open batches use
// it; keys of plain enqueueing are enqueue.ts's.

import type { Enqueued } from "../../../queue/ports/intake.ts";
import { int } from "../../sql/columns.ts";
import type { Connection } from "../db/connection.ts";
import { dropFromLane } from "../events/write.ts";
import { knownMessage } from "./enqueue.ts";
import { MERGE_MESSAGES, type StageTarget } from "./stage_target.ts";

// Staged messages have their keys in a table of their own: should their process die, another call
// with the key must not have taken them for mail that is in the queue. Those of a large batch are
// set in commits before its own, for a million of them would hold the queue's lock for a minute;
// until that commit whoever comes with such a key still gets it (freeKey).

/** Keeps the key of a staged message until its batch is committed; runs inside a write. */
export function stageKey(db: Connection, seq: number, key: string): void {
  db.run("INSERT OR REPLACE INTO staged_key VALUES (?, ?)", seq, key);
}

/** The staged message of a lane that has the key. */
export function keyOfLane(db: Connection, key: string, lane: number): Enqueued | null {
  const row = db.get(
    `SELECT message.id FROM staged_key JOIN message ON message.seq = staged_key.seq
     WHERE staged_key.key = ? AND message.lane = ?`,
    key,
    lane,
  );
  return row === undefined ? null : knownMessage(row);
}

/** Settles, in commits of their own, the keys of a worker that has staged `count` messages, if they
 *  are more than one commit should settle. Null if they are not: `settleKeys` does it all. */
export async function settleMany(
  db: Connection,
  owner: number,
  count: number,
  target: StageTarget,
): Promise<Map<string, Enqueued> | null> {
  if (count <= MERGE_MESSAGES) return null;
  const taken = new Map<string, Enqueued>();
  if (db.get("SELECT 1 FROM staged_key LIMIT 1") === undefined) return taken;
  const lanes = db.all("SELECT id FROM batch WHERE state = 'staged' AND owner = ?", owner);
  for (const lane of lanes) {
    for (let after: number | undefined = 0; after !== undefined;) {
      // Nobody else takes them away.
      const rows = db.all(
        `SELECT message.seq, message.id, message.lane, staged_key.key
         FROM message INDEXED BY by_lane CROSS JOIN staged_key ON staged_key.seq = message.seq
         WHERE message.lane = ? AND message.lane <> 0 AND message.seq > ?
         ORDER BY message.seq LIMIT ${MERGE_MESSAGES}`,
        int(lane.id),
        after,
      );
      const dropped = await db.write(() => settleEach(db, rows, owner, target));
      for (const [id, first] of dropped) taken.set(id, first);
      const last = rows.at(-1);
      after = last === undefined ? undefined : int(last.seq);
    }
  }
  return taken;
}

/** Gives each staged message of a worker its key at `target`. One whose key was taken meanwhile is
 *  dropped, for it is there already: returns the first message of each such key, by the id of the
 *  one dropped. `settled` is what `settleMany` has returned. Runs inside a write. */
export function settleKeys(
  db: Connection,
  owner: number,
  target: StageTarget,
  settled: ReadonlyMap<string, Enqueued> | null,
): Map<string, Enqueued> {
  if (settled !== null && target.settlesLater) return new Map(settled);
  // The many are settled but for a few; the few may be among the many of another batch.
  const [from, join] = settled === null
    ? ["message INDEXED BY by_lane", "staged_key"]
    : ["staged_key", "message"];
  const rows = db.all(
    `SELECT message.seq, message.id, message.lane, staged_key.key
     FROM ${from} CROSS JOIN ${join} ON staged_key.seq = message.seq
     WHERE message.lane IN (SELECT id FROM batch WHERE state = 'staged' AND owner = ?)
       AND message.lane <> 0 ORDER BY message.seq`,
    owner,
  );
  return new Map([...settled ?? [], ...settleEach(db, rows, owner, target)]);
}

function settleEach(
  db: Connection,
  rows: readonly Readonly<Record<string, unknown>>[],
  owner: number,
  target: StageTarget,
): Map<string, Enqueued> {
  const taken = new Map<string, Enqueued>();
  for (const { seq, key, id, lane } of rows) {
    const first = target.known(String(key)) ?? settledBy(db, String(key), owner);
    db.run("DELETE FROM staged_key WHERE seq = ?", int(seq));
    if (first === null) target.setKey(int(seq), String(key));
    else {
      db.run("DELETE FROM message WHERE seq = ?", int(seq));
      dropFromLane(db, int(lane), [String(id)]);
      taken.set(String(id), first);
    }
  }
  return taken;
}

/** The message of a worker's open batch whose key was set already. */
export function settledBy(db: Connection, key: string, owner: number): Enqueued | null {
  const row = db.get(
    `SELECT id FROM message WHERE key = ?
       AND lane IN (SELECT id FROM batch WHERE state = 'staged' AND owner = ?)`,
    key,
    owner,
  );
  return row === undefined ? null : knownMessage(row);
}
