// Reads the figures of the statistics view. Called by view_data.ts; the store counts them, and what
// is counted all the time is in the status.

import type { Reader } from "../../../queue/ports/reader.ts";
import type { QueueStats } from "../../../queue/stats.ts";

export type StatsData = QueueStats;

export async function readStats(
  { store }: { readonly store: Pick<Reader, "stats"> },
): Promise<StatsData> {
  return await store.stats();
}
