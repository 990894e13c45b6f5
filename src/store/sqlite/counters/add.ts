// Adds counts to those of the queue, by one statement within the write of what they count. What is
// counted, src/queue/counters.ts says; read.ts reads them.

import { Counts } from "../../../queue/counters.ts";
import type { Connection } from "../db/connection.ts";

const ADD = `INSERT INTO counter (name, labels, value)
  SELECT value ->> 0, value -> 1, value ->> 2 FROM json_each(?) WHERE true
  ON CONFLICT (name, labels) DO UPDATE SET value = value + excluded.value`;

/** Adds to the queue's counts; runs inside a write. */
export function addCounts(db: Connection, counts: Counts): void {
  const entries = counts.entries();
  if (entries.length > 0) db.run(ADD, JSON.stringify(entries));
}

/** Counts recipients that came to an end, or to a wait, without an attempt; runs inside a write. */
export function countUntried(
  db: Connection,
  result: "expired" | "cancelled" | "suppressed",
  recipients: number,
): void {
  if (recipients === 0) return;
  const counts = new Counts();
  counts.add("recipients", ["none", result, "none"], recipients);
  addCounts(db, counts);
}
