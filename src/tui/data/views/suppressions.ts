// Reads the do-not-send list for its view: as much of it as anybody looks at. Called by view_data.ts; rows
// are made of it in src/tui/views.

import type { Reader, Suppression } from "../../../queue/ports/reader.ts";
import { Turns } from "../../../system/time.ts";
import { holdsWords } from "./words.ts";

export interface SuppressionsData {
  readonly entries: readonly Suppression[];
  /** Those that match, and those of the whole list. */
  readonly matching: number;
  readonly total: number;
}

/** Rows that are shown; a longer list is filtered. */
const MOST = 2_000;

/** In order of address. */
export async function readSuppressions(
  { store, query }: { readonly store: Pick<Reader, "suppressions">; readonly query: string },
): Promise<SuppressionsData> {
  const turns = new Turns();
  const entries: Suppression[] = [];
  let matching = 0;
  let total = 0;
  for await (const entry of store.suppressions()) {
    total++;
    if (holdsWords(query, `${entry.address} ${entry.reason ?? ""}`)) {
      matching++;
      if (entries.length < MOST) entries.push(entry);
    }
    await turns.give();
  }
  return { entries, matching, total };
}
