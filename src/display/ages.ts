// Times as people read them in a table: "in 5m", "2h ago". Called by the commands' printing and by
// the screen. Exact times are in timestamps.ts, durations as settings have them in src/queue.

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** A span in its largest whole unit, never more than it is: `45s`, `3m`, `2h`, `12d`. */
export function formatSpan(ms: number): string {
  for (const [unit, sizeMs] of UNITS) {
    if (ms >= sizeMs) return `${Math.floor(ms / sizeMs)}${unit}`;
  }
  return "0s";
}

/** When something is to be done: `in 5m`, `due`, and `8d late` where that is over. */
export function formatDue(at: number, now: number): string {
  const lateMs = now - at;
  if (lateMs >= UNITS[2][1]) return `${formatSpan(lateMs)} late`;
  return lateMs > -1_000 ? "due" : formatAge(at, now);
}

/** How long ago `at` was, or how far ahead it is: `3m`, `in 5m`. What is less than a second
 *  ahead is now; what lies ahead is rounded up, for then it will have come. */
export function formatAge(at: number, now: number): string {
  const aheadMs = at - now;
  if (aheadMs < 1_000) return formatSpan(Math.max(0, -aheadMs));
  for (const [unit, sizeMs] of UNITS) {
    if (aheadMs >= sizeMs) return `in ${Math.ceil(aheadMs / sizeMs)}${unit}`;
  }
  return "in 1s";
}
