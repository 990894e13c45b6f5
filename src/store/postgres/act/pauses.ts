// Pauses of parts of the mail, in the table `pause`. Delivery reads all of them with every claim and
// adds those of refused senders; people add and end them by `pause` and `resume`. The pause of the
// whole queue is in read/status.ts.

import {
  afterEnd,
  isEndUntold,
  isInForce,
  type Pause,
  type PausedPart,
} from "../../../queue/policy/pause.ts";
import type { Condition } from "../../sql/condition.ts";
import { stateIs } from "../../sql/law.ts";
import { tellPauseChange } from "../../sql/relay_events.ts";
import { pauseKey, toPause } from "../../sql/rows/pause_rows.ts";
import type { Database } from "../db/connection.ts";
import type { Sql } from "../db/transaction.ts";
import { useRelaysAgain } from "../claims/relays.ts";
import { countMatching, matching } from "../filter/matching.ts";
import { isQueuePauseOver, QUEUE_PAUSE_LOCK, removeQueuePause } from "../read/queue_pause.ts";
import { requeueMatching } from "./actions.ts";

/** All pauses there are, those that are over too. */
export async function allPauses(sql: Sql): Promise<Pause[]> {
  const rows = await sql.all("SELECT * FROM pause ORDER BY scope, value");
  return rows.flatMap((row) => toPause(row) ?? []);
}

/** See Claims.notePause. */
export async function notePause(db: Database, pause: Pause, now: number): Promise<void> {
  const earlier = await db.write(async (tx) => {
    const known = await pauseOf(tx, pause);
    if (known === null || known.isAutomatic || !isInForce(known, now)) {
      await setPause(tx, pause, pause);
      tellPauseChange(tx, { earlier: known, pause, part: pause }, now);
    }
    return known;
  });
  const hasEnded = earlier?.isAutomatic && isInForce(earlier, now) && !isInForce(pause, now);
  if (hasEnded) await requeueMatching(db, waitingOf(pause), now);
}

/** See Operator.pausePart. */
export async function pausePart(db: Database, pause: Pause, now: number): Promise<boolean> {
  return await db.write(async (tx) => {
    const earlier = await pauseOf(tx, pause);
    await setPause(tx, pause, pause);
    tellPauseChange(tx, { earlier, pause, part: pause }, now);
    return earlier === null || !isInForce(earlier, now);
  });
}

/** See Operator.resumePart. */
export async function resumePart(
  db: Database,
  part: PausedPart,
  now: number,
): Promise<number | null> {
  const wasPaused = await db.write(async (tx) => {
    const earlier = await pauseOf(tx, part);
    await setPause(tx, part, null);
    tellPauseChange(tx, { earlier, pause: null, part }, now);
    return earlier !== null && isInForce(earlier, now);
  });
  // One that is left alone for its faults is wanted again, too.
  const wasLeftAlone = part.scope === "relay" && await useRelaysAgain(db, now, part.value);
  if (!wasPaused && !wasLeftAlone && part.scope !== "relay") return null;
  const requeued = await requeueMatching(db, waitingOf(part), now);
  // Before its third fault in a row a relay is not left alone yet, but its mail waits all the same.
  return requeued === 0 && !wasPaused && !wasLeftAlone ? null : requeued;
}

/** See Claims.endPauses. */
export async function endPauses(db: Database, now: number): Promise<void> {
  const ended = (await allPauses(db)).filter((pause) => isEndUntold(pause, now));
  if (ended.length === 0 && !await isQueuePauseOver(db, now)) return;
  await db.write(async (tx) => {
    for (const part of ended) {
      // Another process may have ended it meanwhile, or set a new one.
      const earlier = await pauseOf(tx, part);
      if (earlier === null || !isEndUntold(earlier, now)) continue;
      const pause = afterEnd(earlier);
      await setPause(tx, part, pause);
      tellPauseChange(tx, { earlier, pause, part }, now);
    }
    await tx.all(QUEUE_PAUSE_LOCK);
    if (await isQueuePauseOver(tx, now)) await removeQueuePause(tx, now);
  });
}

/** See Reader.waitingFor. */
export async function waitingFor(sql: Sql, part: PausedPart): Promise<number> {
  return await countMatching(sql, waitingOf(part));
}

/** What a relay refused with no retry used up. */
const REFUSED_BY = `(SELECT relay FROM attempt WHERE attempt.seq = message.seq
    ORDER BY n DESC LIMIT 1) = ?
  AND EXISTS (SELECT 1 FROM recipient WHERE recipient.seq = message.seq
    AND ${stateIs("deferred")} AND failures < recipient.tries)`;

/** The deferred messages of a part. */
function waitingOf({ scope, value }: PausedPart): Condition {
  const waits = "next_at IS NOT NULL";
  switch (scope) {
    case "sender":
      return matching({}, `${waits} AND lower(sender) = lower(? COLLATE "C")`, value);
    case "domain":
      return matching({ to: `@${value}` }, waits);
    case "tag":
      return matching({ tags: [value] }, waits);
    case "relay":
      return matching(
        {},
        `${waits} AND (strpos(last_reply, ?) > 0 OR ${REFUSED_BY})`,
        `the relay ${value} is left alone`,
        value,
      );
  }
}

/** The pause of a part, which nobody else changes until the end of the transaction. */
async function pauseOf(tx: Sql, part: PausedPart): Promise<Pause | null> {
  const key = pauseKey(part);
  await tx.all("SELECT pg_advisory_xact_lock(1835101559, hashtext(?))", `${part.scope}:${key}`);
  const row = await tx.get(
    "SELECT * FROM pause WHERE scope = ? AND value = ?",
    part.scope,
    key,
  );
  return row === undefined ? null : toPause(row);
}

/** Sets a pause in place of the one there is, or removes that; inside a write. */
async function setPause(tx: Sql, part: PausedPart, pause: Pause | null): Promise<void> {
  const { scope } = part;
  const key = pauseKey(part);
  await tx.run("DELETE FROM pause WHERE scope = ? AND value = ?", scope, key);
  if (pause === null) return;
  await tx.run(
    `INSERT INTO pause (scope, value, reason, since, until, automatic, times, refused)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    scope,
    key,
    pause.reason,
    pause.since,
    pause.until,
    pause.isAutomatic ? 1 : 0,
    pause.times,
    pause.refused.length === 0 ? null : JSON.stringify(pause.refused),
  );
}
