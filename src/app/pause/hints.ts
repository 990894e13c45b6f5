// What a person can do about a pause or a relay that refuses, in words. Called by whatever shows the
// queue's trouble; the hints themselves stand with the refusals in src/queue/policy.

import type { Pause, PausedPart } from "../../queue/policy/pause.ts";
import { SENDER_HINT } from "../../queue/policy/refusals.ts";
import { resumeCommand } from "./part.ts";

/** A hint about refusals with the command line as it is to be typed for this part. */
export function hintFor(part: PausedPart, hint: string): string {
  const { scope, value } = part;
  return hint.replace(/mailq resume --(?:relay NAME|sender ADDRESS)/, () => resumeCommand(part))
    .replace("mailq login NAME", (words) => scope === "relay" ? `mailq login ${value}` : words);
}

/** What ends a pause: for one that delivery has set also what to see to before. */
export function pauseHint(pause: Pause): string {
  if (pause.isAutomatic && pause.scope === "sender") return hintFor(pause, SENDER_HINT);
  return `\`${resumeCommand(pause)}\` ends that`;
}
