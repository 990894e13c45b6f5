// Events of staged mail: they are told when their batch is committed, and those of messages that turned
// out to be there already are not told at all. The targets of stages call it.

import { int } from "../../sql/columns.ts";
import { decodeEvents } from "../../sql/rows/event_rows.ts";
import { NotedEvents } from "../../sqlite/events/write.ts";
import type { QueueEvent } from "../../../queue/event.ts";
import type { Sql } from "../db/transaction.ts";

/** What was staged in lanes is told with this commit, at `now`. Inside a write. */
export async function publishLanes(
  tx: Sql,
  lanes: readonly number[],
  now: number,
): Promise<void> {
  await tx.run("UPDATE event_new SET lane = 0, at = ? WHERE lane = ANY(?)", now, lanes);
}

/** Nothing is told of these messages. Inside a write. */
export async function dropEvents(
  tx: Sql,
  lanes: readonly number[],
  ids: ReadonlySet<unknown>,
): Promise<void> {
  if (ids.size === 0) return;
  const rows = await tx.all(
    "SELECT id, n AS last, n, at, events AS text FROM event_new WHERE lane = ANY(?)",
    lanes,
  );
  for (const row of rows) {
    const all = decodeEvents(row);
    const left = all.filter(({ fields }) => !ids.has(fields.id));
    if (left.length === all.length) continue;
    const noted = new NotedEvents();
    for (const { type, at, fields } of left) {
      // They were events when they were written.
      noted.note({ type, ...fields } as unknown as QueueEvent, at);
    }
    const [kept] = noted.take();
    if (kept === undefined) await tx.run("DELETE FROM event_new WHERE id = ?", int(row.id));
    else {
      await tx.run(
        "UPDATE event_new SET n = ?, events = ? WHERE id = ?",
        kept.n,
        kept.text,
        int(row.id),
      );
    }
  }
}
