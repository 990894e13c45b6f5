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
import { pauseKey, toPause } from "../../sql/rows/pause_rows.ts";
import { clean, type Connection } from "../db/connection.ts";
import { isQueuePauseOver, removeQueuePause } from "../db/queue_pause.ts";
import { tellPauseChange as tellChange } from "../../sql/relay_events.ts";
import { stateIs } from "../../sql/law.ts";
import type { Condition } from "../../sql/condition.ts";
import { countMatching, matching } from "../filter/matching.ts";
import { useRelaysAgain } from "../claims/relays.ts";
import { requeueMatching } from "./actions.ts";

/** All pauses there are, those that are over too. */
export function allPauses(db: Connection): Pause[] {
  return db.all("SELECT * FROM pause ORDER BY scope, value").flatMap((row) => toPause(row) ?? []);
}

/** See Claims.notePause. */
export async function notePause(db: Connection, pause: Pause, now: number): Promise<void> {
  const earlier = await db.write(() => {
    const known = pauseOf(db, pause);
    if (known === null || known.isAutomatic || !isInForce(known, now)) {
      setPause(db, pause, pause);
      tellChange(db, { earlier: known, pause, part: pause }, now);
    }
    return known;
  });
  const hasEnded = earlier?.isAutomatic && isInForce(earlier, now) && !isInForce(pause, now);
  if (hasEnded) await requeueMatching(db, waitingOf(db, pause), now);
}

/** See Operator.pausePart. */
export async function pausePart(db: Connection, pause: Pause, now: number): Promise<boolean> {
  return await db.write(() => {
    const earlier = pauseOf(db, pause);
    setPause(db, pause, pause);
    tellChange(db, { earlier, pause, part: pause }, now);
    return earlier === null || !isInForce(earlier, now);
  });
}

/** See Operator.resumePart. */
export async function resumePart(
  db: Connection,
  part: PausedPart,
  now: number,
): Promise<number | null> {
  const wasPaused = await db.write(() => {
    const earlier = pauseOf(db, part);
    setPause(db, part, null);
    tellChange(db, { earlier, pause: null, part }, now);
    return earlier !== null && isInForce(earlier, now);
  });
  // One that is left alone for its faults is wanted again, too.
  const wasLeftAlone = part.scope === "relay" && await useRelaysAgain(db, now, part.value);
  if (!wasPaused && !wasLeftAlone && part.scope !== "relay") return null;
  const requeued = await requeueMatching(db, waitingOf(db, part), now);
  // Before its third fault in a row a relay is not left alone yet, but its mail waits all the same.
  return requeued === 0 && !wasPaused && !wasLeftAlone ? null : requeued;
}

/** See Claims.endPauses. */
export async function endPauses(db: Connection, now: number): Promise<void> {
  const ended = () => allPauses(db).filter((pause) => isEndUntold(pause, now));
  if (ended().length === 0 && !isQueuePauseOver(db, now)) return;
  await db.write(() => {
    for (const earlier of ended()) {
      const pause = afterEnd(earlier);
      setPause(db, earlier, pause);
      tellChange(db, { earlier, pause, part: earlier }, now);
    }
    if (isQueuePauseOver(db, now)) removeQueuePause(db, now);
  });
}

/** See Reader.waitingFor. */
export function waitingFor(db: Connection, part: PausedPart): number {
  return countMatching(db, waitingOf(db, part));
}

/** What a relay refused with no retry used up. */
const REFUSED_BY = `(SELECT relay FROM attempt WHERE attempt.seq = message.seq
    ORDER BY n DESC LIMIT 1) = ?
  AND EXISTS (SELECT 1 FROM recipient WHERE recipient.seq = message.seq
    AND ${stateIs("deferred")} AND failures < recipient.tries)`;

/** The deferred messages of a part. */
function waitingOf(db: Connection, { scope, value }: PausedPart): Condition {
  const waits = "next_at IS NOT NULL";
  switch (scope) {
    case "sender":
      return matching(db, {}, `${waits} AND sender = ? COLLATE NOCASE`, value);
    case "domain":
      return matching(db, { to: `@${value}` }, waits);
    case "tag":
      return matching(db, { tags: [value] }, waits);
    case "relay":
      return matching(
        db,
        {},
        `${waits} AND (instr(last_reply, ?) > 0 OR ${REFUSED_BY})`,
        `the relay ${value} is left alone`,
        value,
      );
  }
}

function pauseOf(db: Connection, { scope, value }: PausedPart): Pause | null {
  const key = pauseKey({ scope, value });
  const row = db.get("SELECT * FROM pause WHERE scope = ? AND value = ?", scope, key);
  return row === undefined ? null : toPause(row);
}

/** Sets a pause in place of the one there is, or removes that; inside a write. */
function setPause(db: Connection, { scope, value }: PausedPart, pause: Pause | null): void {
  const key = pauseKey({ scope, value });
  db.run("DELETE FROM pause WHERE scope = ? AND value = ?", scope, key);
  if (pause === null) return;
  db.run(
    `INSERT INTO pause (scope, value, reason, since, until, automatic, times, refused)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    scope,
    key,
    clean(pause.reason),
    pause.since,
    pause.until,
    pause.isAutomatic ? 1 : 0,
    pause.times,
    pause.refused.length === 0 ? null : JSON.stringify(pause.refused),
  );
}
