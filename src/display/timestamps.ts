// Exact times for people, in their own time zone. Called by the commands' printing and by the
// screen. How long ago a time was is in ages.ts.

import { formatISO9075 } from "date-fns/formatISO9075";

/** A time for people, in their own time zone: `2026-11-22 14:02:11`. */
export function formatTimestamp(at: number): string {
  return formatISO9075(new Date(at));
}

/** The time of day alone: `14:02:11`. */
export function formatTimeOfDay(at: number): string {
  return formatISO9075(new Date(at), { representation: "time" });
}

/** A time near `now`: of the same day the time of day alone. */
export function formatMoment(at: number, now: number): string {
  const isSameDay = new Date(at).toDateString() === new Date(now).toDateString();
  return isSameDay ? formatTimeOfDay(at) : formatTimestamp(at);
}
