// Changes to the queue other than actions on its messages: pauses and the do-not-send list. Called by
// commands.ts, the prompt and the views. Making them is data/changes.ts's work. Pure.

import { describePart, readPart } from "../../../app/pause/part.ts";
import { parseDuration } from "../../../queue/durations.ts";
import { MailqError } from "../../../queue/errors.ts";
import { PAUSE_SCOPES, type PausedPart } from "../../../queue/policy/pause.ts";
import type { QueueChange } from "../../data/changes.ts";
import { type Step, step } from "../events.ts";
import type { State } from "../state.ts";

export function makeChange(state: State, change: QueueChange): Step {
  return step({ ...state, notice: null, working: state.working + 1 }, { kind: "change", change });
}

/** Asks before a change is made. */
export function askChange(state: State, text: string, change: QueueChange): Step {
  const dialog = { kind: "sure", text, effect: { kind: "change", change } } as const;
  return step({ ...state, notice: null, dialog });
}

/** Reads `relay:bulk 2h it moves`: which part, for how long, and why. Throws `usage`. */
export function readPause(text: string, relays: readonly string[]): QueueChange {
  const [first = "", ...rest] = text.split(/\s+/);
  const [, scope = "", value = ""] = /^([a-z]+):(.*)$/i.exec(first) ?? [];
  const known = PAUSE_SCOPES.find((one) => one === scope.toLowerCase());
  if (known === undefined || (value === "" && known !== "sender")) {
    throw new MailqError(
      "usage",
      `Cannot pause "${first}": expected relay:NAME, sender:ADDRESS, domain:DOMAIN or tag:TAG`,
    );
  }
  const part = readPart({ [known === "domain" ? "toDomain" : known]: value }, relays);
  const forMs = durationAt(rest[0]);
  const reason = rest.slice(forMs === null ? 0 : 1).join(" ");
  return { kind: "pause", part, forMs, reason: reason === "" ? null : reason };
}

/** Null for a word that is no duration: it is part of the reason then. */
function durationAt(word: string | undefined): number | null {
  return word !== undefined && /^\d/.test(word) ? parseDuration(word) : null;
}

/** A part as `readPause` reads it. */
export function partText({ scope, value }: PausedPart): string {
  return `${scope}:${value}`;
}

/** Reads `ann@example.org bob@example.org asked to`: addresses, then why. */
export function readSuppression(text: string): QueueChange {
  const words = text.split(/\s+/);
  const end = words.findIndex((word) => !word.includes("@"));
  const addresses = end < 0 ? words : words.slice(0, end);
  if (addresses.length === 0) {
    throw new MailqError("usage", `Cannot list "${words[0]}": expected an address`);
  }
  const reason = end < 0 ? "" : words.slice(end).join(" ");
  return { kind: "suppress", addresses, reason: reason === "" ? null : reason };
}

/** Asks whether to end a pause; null = that of the whole queue. */
export function askResume(state: State, part: PausedPart | null): Step {
  const text = part === null
    ? "Let the whole queue send again?"
    : `Resume ${describePart(part)}, and queue what waits for it?`;
  return askChange(state, text, { kind: "resume", part });
}
