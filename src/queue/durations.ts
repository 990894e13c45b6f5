// Durations as people write them (`1h30m`) and as milliseconds. Settings and flags read them, and
// `config` shows them.

import { MailqError } from "./errors.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Reads `90s`, `15m`, `4h`, `7d`, `1h30m` (also `ms` and `w`) as milliseconds; a bare `0` is
 *  zero. Throws `usage` naming what would be right. */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (trimmed === "0") return 0;
  if (/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(trimmed)) {
    let ms = 0;
    for (const [, count, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
      ms += Number(count) * (UNIT_MS[unit ?? ""] ?? 0);
    }
    if (Number.isSafeInteger(Math.round(ms)) && ms < 1e14) return Math.round(ms);
  }
  throw new MailqError(
    "usage",
    `Cannot read the duration "${text}": expected a number with a unit, such as 90s, 15m, 4h or 7d`,
  );
}

/** A duration as a setting shows it: the largest units that keep it exact, `1h30m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  let rest = ms;
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const size = UNIT_MS[unit] ?? 1;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}
