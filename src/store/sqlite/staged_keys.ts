import type { Enqueued } from "../../queue/ports.ts";
import { int } from "./columns.ts";
import type { Connection } from "./connection.ts";
import type { StageTarget } from "./stage_target.ts";

// Staged messages have their keys in a table of their own: should their process die, another call
// with the key must not have taken them for mail that is in the queue.

/** Keys settled at a time: a call may bring a million. */
const SOME = 2_000;

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
  return row === undefined ? null : { id: String(row.id), isKnownKey: true, suppressed: [] };
}

/** Gives each staged message of a worker its key at `target`. One whose key was taken meanwhile is
 *  dropped, for it is there already: returns the first message of each such key, by the id of the
 *  one dropped. Runs inside a write. */
export function settleKeys(
  db: Connection,
  owner: number,
  target: StageTarget,
): Map<string, Enqueued> {
  const taken = new Map<string, Enqueued>();
  for (let after = 0;;) {
    const rows = db.all(
      `SELECT staged_key.seq, staged_key.key, message.id
       FROM staged_key JOIN message ON message.seq = staged_key.seq
       WHERE staged_key.seq > ?
         AND message.lane IN (SELECT id FROM batch WHERE state = 'staged' AND owner = ?)
       ORDER BY staged_key.seq LIMIT ${SOME}`,
      after,
      owner,
    );
    for (const { seq, key, id } of rows) {
      const first = target.known(String(key));
      db.run("DELETE FROM staged_key WHERE seq = ?", int(seq));
      if (first === null) target.setKey(int(seq), String(key));
      else {
        db.run("DELETE FROM message WHERE seq = ?", int(seq));
        taken.set(String(id), first);
      }
    }
    if (rows.length < SOME) return taken;
    after = int(rows.at(-1)?.seq);
  }
}
