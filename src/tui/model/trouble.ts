// What is wrong with the queue, told from its status: what the header always shows, and what stands
// first among the problems. Called by the header and the problems view. Pure.

import { hintFor, pauseHint } from "../../app/pause/hints.ts";
import { describePart } from "../../app/pause/part.ts";
import { formatSpan } from "../../display/ages.ts";
import { formatMoment } from "../../display/timestamps.ts";
import { restsUntil } from "../../queue/policy/throttle.ts";
import type { PausedPart } from "../../queue/policy/pause.ts";
import type { QueueStatus, RelayStatus } from "../../queue/status.ts";
import type { State } from "./state.ts";

/** Something that keeps mail back, other than a refusal of the mail itself. */
export interface Trouble {
  /** Tells it from others, as long as it lasts. */
  readonly key: string;
  /** For the header: `relay bulk DOWN 3h`. */
  readonly short: string;
  readonly text: string;
  /** What can be done about it; null where nothing is known. */
  readonly hint: string | null;
  /** Mail does not go that ought to: red. Else it is somebody's will, or passes by itself. */
  readonly isBad: boolean;
  /** The part of the mail that waits for it; null for all of it. */
  readonly part: PausedPart | null;
}

const MINUTE_MS = 60_000;
/** Mail that waits for less may be on its way. */
const PATIENCE_MS = 2 * MINUTE_MS;
/** A service that shows nothing of itself for so long, or ends no round, does not move. */
const STALLED_MS = 5 * MINUTE_MS;

/** What is wrong, the worst first. */
export function troublesOf(
  { status, now, isGone }: Pick<State, "status" | "now" | "isGone">,
): Trouble[] {
  if (isGone) {
    return [{
      key: "gone",
      short: "QUEUE FILE GONE",
      text: "There is no file by the queue's name any more: what is shown is what was read of it",
      hint: null,
      isBad: true,
      part: null,
    }];
  }
  if (status === null) return [];
  const found = [
    ...pausedQueue(status, now),
    ...status.relays.flatMap((relay) => relayTroubles(relay, now)),
    ...workerTroubles(status, now),
    ...status.pauses.map((pause): Trouble => ({
      key: `pause ${pause.scope} ${pause.value}`,
      short: pause.isAutomatic
        ? `${pause.scope} ${pause.value || "<>"} REFUSED`
        : `${pause.scope} ${pause.value || "<>"} paused`,
      text: `${describePart(pause)} is paused since ${formatMoment(pause.since, now)}` +
        (pause.until === null ? "" : ` until ${formatMoment(pause.until, now)}`) +
        (pause.reason === null ? "" : `: ${pause.reason}`),
      hint: pauseHint(pause),
      isBad: pause.isAutomatic,
      part: { scope: pause.scope, value: pause.value },
    })),
  ];
  return found.toSorted((a, b) => Number(b.isBad) - Number(a.isBad));
}

function pausedQueue({ paused }: QueueStatus, now: number): Trouble[] {
  if (paused === null) return [];
  const span = spanOf(paused.since, now);
  return [{
    key: "paused",
    short: `PAUSED ${span}`,
    text: `The whole queue is paused for ${span}: nothing is sent`,
    hint: "`mailq resume` ends that, or :resume here",
    isBad: true,
    part: null,
  }];
}

function relayTroubles(relay: RelayStatus, now: number): Trouble[] {
  const { name, failures, downSince, openUntil, refusal, lastError, hint, limits } = relay;
  const part: PausedPart = { scope: "relay", value: name };
  const troubles: Trouble[] = [];
  if (failures > 0) {
    const span = downSince === null ? "" : ` ${spanOf(downSince, now)}`;
    // After a fault or two it is tried with each pass.
    const isLeft = openUntil !== null;
    const word = refusal !== null ? "REFUSES" : isLeft ? "DOWN" : "at fault";
    const state = refusal !== null ? "refuses our mail" : isLeft ? "is down" : "is at fault";
    const next = openUntil !== null && openUntil > now
      ? `; tried again ${formatMoment(openUntil, now)}`
      : "";
    troubles.push({
      key: `relay ${name}`,
      short: `relay ${name} ${word}${span}`,
      text: `The relay ${name} ${state}${span === "" ? "" : ` for${span}`}: ${
        lastError ?? "unknown"
      }${next}`,
      hint: hint === null ? null : hintFor(part, hint),
      isBad: refusal !== null || isLeft,
      part,
    });
  }
  const rests = limits === null ? null : restsUntil(limits, now);
  if (limits !== null && (rests !== null || limits.rate !== null || limits.connections !== null)) {
    const bears = [
      ...limits.connections === null ? [] : [`${limits.connections} connections`],
      ...limits.rate === null ? [] : [`${Math.round(limits.rate * 10) / 10} messages a second`],
      ...rests === null ? [] : [`nothing until ${formatMoment(rests, now)}`],
    ].join(", ");
    troubles.push({
      key: `limits ${name}`,
      short: `relay ${name} slowed`,
      text: `The relay ${name} bears ${bears}${limits.reply === null ? "" : `: ${limits.reply}`}`,
      hint: null,
      isBad: false,
      part,
    });
  }
  return troubles;
}

function workerTroubles(status: QueueStatus, now: number): Trouble[] {
  const { workers, lastRoundAt, oldestQueuedAt, oldestDueAt = null } = status;
  const stalled = workers.filter(({ kind, heartbeatAt }) =>
    kind === "run" && now - heartbeatAt > STALLED_MS
  );
  if (stalled.length > 0) {
    return stalled.map(({ pid, host, heartbeatAt }) => ({
      key: `worker ${pid}`,
      short: `STALLED ${spanOf(heartbeatAt, now)}`,
      text: `The service (process ${pid} on ${host}) has not moved for ${spanOf(heartbeatAt, now)}`,
      hint: "look at its log, and start it anew",
      isBad: true,
      part: null,
    }));
  }
  const waitsFrom = Math.min(oldestQueuedAt ?? Infinity, oldestDueAt ?? Infinity);
  if (status.paused !== null || now - waitsFrom < PATIENCE_MS) return [];
  const rested = lastRoundAt === null ? Infinity : now - lastRoundAt;
  if (workers.length > 0 || rested < PATIENCE_MS) return [];
  return [{
    key: "no worker",
    short: "NO WORKER",
    text: `Nobody sends: mail is due for ${spanOf(waitsFrom, now)}, and ` +
      (lastRoundAt === null
        ? "no pass was ever made"
        : `the last pass ended ${spanOf(lastRoundAt, now)} ago`),
    hint: "start `mailq run`, or let cron run `mailq send`",
    isBad: true,
    part: null,
  }];
}

function spanOf(since: number, now: number): string {
  return formatSpan(Math.max(0, now - since));
}

/** Whether what stands first on the screen ought to be what is wrong. */
export function isTroubled(state: Pick<State, "status" | "now" | "isGone">): boolean {
  const { status } = state;
  return (status !== null && status.failed + status.partial > 0) ||
    troublesOf(state).some(({ isBad }) => isBad);
}
