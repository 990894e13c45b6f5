// What `hooks` and `status` say of hooks, for people and as JSON. How far each is, is found by
// src/app/hooks.

import type { HookLag } from "../../app/hooks/state.ts";
import { formatSpan } from "../../display/ages.ts";
import { plural } from "../../display/plural.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatMoment } from "../../display/timestamps.ts";
import { isoTime } from "./json_shapes.ts";

/** The shape of a hook in the JSON of `hooks` and `status`. */
export function hookShape({ hook, state, behind, oldestAt }: HookLag): Record<string, unknown> {
  return {
    name: hook.name,
    behind,
    oldest_at: isoTime(oldestAt),
    position: state.position,
    told: state.told,
    told_at: isoTime(state.toldAt),
    failures: state.failures,
    failing_since: isoTime(state.failingSince),
    next_at: isoTime(state.nextAt),
    last_error: state.lastError,
  };
}

/** How far a hook is and how it fares, in words. */
export function describeHook({ state, behind, oldestAt }: HookLag, now: number): string {
  const { failures, failingSince, nextAt, lastError, toldAt } = state;
  const parts = [
    behind === 0 || oldestAt === null
      ? "told of everything"
      : `${behind} ${plural(behind, "event")} behind, the oldest of ${
        formatSpan(Math.max(0, now - oldestAt))
      } ago`,
  ];
  if (failures > 0) {
    const since = failingSince === null ? "" : ` since ${formatMoment(failingSince, now)}`;
    const next = nextAt === null ? "" : `, next try ${formatMoment(nextAt, now)}`;
    parts.push(`failed ${failures} ${plural(failures, "time")}${since}${next}: ${lastError}`);
  } else if (toldAt !== null) parts.push(`last told ${formatMoment(toldAt, now)}`);
  return sanitise(parts.join("; "));
}
