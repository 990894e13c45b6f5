// Reads a point in time that people or programs wrote. Called for flags, header fields and JSON
// lines; the package that knows the many forms is loaded for the first time that is no plain
// duration.

import { parseDuration } from "../queue/durations.ts";
import { MailqError } from "../queue/errors.ts";

// parseISO alone would also take years, weeks and days of the year, which nobody means.
const ISO_TIME =
  /^\d{4}-?\d{2}-?\d{2}(?:[T ]\d{2}(?::?\d{2}(?::?\d{2}(?:[.,]\d+)?)?)? ?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/** Reads a point in time as ms since 1970: ISO 8601 (without a zone it is local time, without a
 *  time local midnight), or a wait from `now` such as `+15m`. Throws `usage` naming what would be
 *  right. */
export async function parseTime(text: string, now: number): Promise<number> {
  const trimmed = text.trim();
  const reading = trimmed.startsWith("+") ? waitFrom(trimmed, now) : await isoTime(trimmed);
  if (reading !== null && Number.isFinite(reading) && Math.abs(reading) < 8.64e15) return reading;
  throw new MailqError(
    "usage",
    `Cannot read the time "${text}": expected ISO 8601, such as 2026-11-22T18:00 or ` +
      "2026-11-22T18:00Z, or a wait, such as +15m",
  );
}

function waitFrom(text: string, now: number): number | null {
  try {
    return now + parseDuration(text.slice(1));
  } catch {
    return null;
  }
}

async function isoTime(text: string): Promise<number | null> {
  if (!ISO_TIME.test(text)) return null;
  const { parseISO } = await import("date-fns/parseISO");
  return parseISO(text).getTime();
}
