// Messages counted hour by hour, as the statistics of both stores have them: rows with `hour`, since the
// first one that is shown, and `n`.

import { STATS_HOURS } from "../../../queue/stats.ts";
import { int } from "../columns.ts";
import type { Row } from "../row.ts";

/** How many there were in each hour of the last day, the oldest first. */
export function countsByHour(rows: readonly Row[]): number[] {
  const counts = new Array<number>(STATS_HOURS).fill(0);
  for (const { hour, n } of rows) {
    // What ends at this very moment belongs to the hour that is over now.
    const place = Math.min(STATS_HOURS - 1, int(hour));
    counts[place] = (counts[place] ?? 0) + int(n);
  }
  return counts;
}
