// What is told of relays, pauses and a queue that stands still: only what is new. Called by whoever changes them, within the write
// that does.

import type { RelayHealth } from "../../queue/policy/breaker.ts";
import { isEndUntold, isInForce, type Pause, type PausedPart } from "../../queue/policy/pause.ts";
import type { Stall } from "../../queue/policy/stall.ts";
import type { RelayLimits } from "../../queue/policy/throttle.ts";
import type { Teller } from "./teller.ts";

/** Tells how a relay fares, if that is another word than before. */
export function tellHealth(
  db: Teller,
  relay: string,
  { before, after, now }: {
    readonly before: RelayHealth;
    readonly after: RelayHealth;
    readonly now: number;
  },
): void {
  const word = wordOf(after);
  if (word === wordOf(before)) return;
  const { lastError: reply, hint, openUntil: until } = after;
  if (word === "up") db.tell({ type: "relay.up", relay }, now);
  else if (word === "down") db.tell({ type: "relay.down", relay, reply, until }, now);
  else db.tell({ type: "relay.refusing", relay, reply, hint, until }, now);
}

/** A relay with a fault or two is not left alone yet: it is up. One that was left alone is not up
 *  before it has shown so. */
function wordOf({ openUntil, refusal }: RelayHealth): "up" | "down" | "refusing" {
  if (openUntil === null) return "up";
  return refusal === null ? "down" : "refusing";
}

/** Tells that a relay wants less, if it did not before. */
export function tellLimits(
  db: Teller,
  relay: string,
  { before, after, now }: {
    readonly before: RelayLimits;
    readonly after: RelayLimits;
    readonly now: number;
  },
): void {
  if (!isThrottled(after) || isThrottled(before)) return;
  const { reply, connections, rate, until } = after;
  db.tell({ type: "relay.throttled", relay, reply, connections, rate, until }, now);
}

function isThrottled({ connections, rate, backOffs }: RelayLimits): boolean {
  return connections !== null || rate !== null || backOffs > 0;
}

/** Tells that the queue stands still from now on. */
export function tellStalled(db: Teller, stall: Stall, now: number): void {
  const { reason, oldestAt: oldest_at, lastSentAt: last_sent_at } = stall;
  db.tell({ type: "queue.stalled", reason, oldest_at, last_sent_at }, now);
}

/** Tells that a part of the mail is paused from now on. */
function tellPaused(db: Teller, pause: Pause, now: number): void {
  const { scope, value, reason, until, isAutomatic: automatic } = pause;
  const told = { reason, until, automatic };
  if (scope === "relay") db.tell({ type: "relay.paused", relay: value, ...told }, now);
  else if (scope === "sender") db.tell({ type: "sender.paused", sender: value, ...told }, now);
  else if (scope === "domain") db.tell({ type: "domain.paused", domain: value, ...told }, now);
  else db.tell({ type: "tag.paused", tag: value, ...told }, now);
}

/** Tells that a part of the mail is not paused any more. */
function tellResumed(db: Teller, { scope, value }: PausedPart, now: number): void {
  if (scope === "relay") db.tell({ type: "relay.resumed", relay: value }, now);
  else if (scope === "sender") db.tell({ type: "sender.resumed", sender: value }, now);
  else if (scope === "domain") db.tell({ type: "domain.resumed", domain: value }, now);
  else db.tell({ type: "tag.resumed", tag: value }, now);
}

/** Tells that a part is paused, or is not any more, if that is new. */
export function tellPauseChange(
  db: Teller,
  { earlier, pause, part }: {
    readonly earlier: Pause | null;
    readonly pause: Pause | null;
    readonly part: PausedPart;
  },
  now: number,
): void {
  const wasPaused = earlier !== null && isInForce(earlier, now);
  const isPaused = pause !== null && isInForce(pause, now);
  const hasEnded = earlier !== null && isEndUntold(earlier, now);
  if (hasEnded || (wasPaused && !isPaused)) tellResumed(db, part, now);
  if (pause !== null && isPaused && !wasPaused) tellPaused(db, pause, now);
}
