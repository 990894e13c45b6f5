// What kept mail back during a pass, in words: relays that were left alone and pauses of parts of the
// mail. Called by pass.ts, which loads this file only where there is such trouble.

import { hintFor, pauseHint } from "../../app/pause/hints.ts";
import { describePart, resumeCommand } from "../../app/pause/part.ts";
import type { DownRelay } from "../../delivery/outlets/outlet.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatTimestamp } from "../../display/timestamps.ts";
import type { Pause } from "../../queue/policy/pause.ts";

/** A relay that was left alone: what it said, since when, until when, and what to do. */
export function describeDownRelay(relay: DownRelay): string {
  const { name, error, isRefusing, hint, since, until } = relay;
  const part = { scope: "relay", value: name } as const;
  const mend = isRefusing ? resumeCommand(part) : "mailq retry";
  const times = [
    ...since === null ? [] : [`since ${formatTimestamp(since)}`],
    ...until === null ? [] : [`left alone until ${formatTimestamp(until)}: \`${mend}\` ends that`],
  ].join(", ");
  return `the relay${name === "default" ? "" : ` ${name}`} ` +
    `${isRefusing ? "refuses our mail" : "is down"}: ${sanitise(error)}` +
    (times === "" ? "" : ` (${times})`) + (hint === null ? "" : `; ${hintFor(part, hint)}`);
}

/** A pause: of what, why, until when, and what to do. */
export function describePause(pause: Pause): string {
  const { reason, since, until } = pause;
  const times = `since ${formatTimestamp(since)}` +
    (until === null ? "" : ` until ${formatTimestamp(until)}`);
  return sanitise(
    `${describePart(pause)} is paused ${times}` + (reason === null ? "" : `: ${reason}`) +
      `; ${pauseHint(pause)}`,
  );
}
