// The check "pauses": whether mail is kept back, by a person for long or by delivery because it was
// refused, and which relays are down.

import { formatSpan } from "../../../display/ages.ts";
import { isLeftAlone } from "../../../queue/policy/breaker.ts";
import type { QueueStatus } from "../../../queue/status.ts";
import { pauseHint } from "../../pause/hints.ts";
import { describePart, resumeCommand } from "../../pause/part.ts";
import { type Check, type Finding, ok, warning } from "../check.ts";

type Facts = Pick<QueueStatus, "paused" | "pauses" | "relays"> & { readonly now: number };

const HOUR_MS = 60 * 60_000;
/** A pause that a person has set may be forgotten by then. */
const LONG_MS = 4 * HOUR_MS;

export const check: Check<Facts | null> = {
  async gather(patient) {
    const { status } = await patient.opened();
    return status === null ? null : { ...status, now: patient.now };
  },
  judge(facts) {
    if (facts === null) return [];
    const { paused, pauses, relays, now } = facts;
    const found: Finding[] = [];
    if (paused !== null && now - paused.since >= LONG_MS) {
      const since = formatSpan(now - paused.since);
      found.push(warning(`all sending is paused for ${since}`, "mailq resume"));
    }
    for (const pause of pauses) {
      if (!pause.isAutomatic && now - pause.since < LONG_MS) continue;
      const why = pause.reason === null ? "" : `: ${pause.reason}`;
      const text = `${describePart(pause)} is paused for ${formatSpan(now - pause.since)}${why}`;
      found.push(warning(text, pause.isAutomatic ? pauseHint(pause) : resumeCommand(pause)));
    }
    for (const relay of relays.filter((each) => isLeftAlone(each, now))) {
      const { name, refusal, lastError, downSince } = relay;
      const since = downSince === null ? "" : ` for ${formatSpan(now - downSince)}`;
      found.push(warning(
        `the relay ${name} ${refusal === null ? "is down" : "refuses our mail"}${since}: ` +
          (lastError ?? "unknown"),
        resumeCommand({ scope: "relay", value: name }),
      ));
    }
    if (found.length > 0) return found;
    const count = pauses.length + (paused === null ? 0 : 1);
    return [ok(count === 0 ? "nothing is kept back" : `${count}, none of them long`)];
  },
};
