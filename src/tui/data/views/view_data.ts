// What each view of the screen asks of the queue, and how the answer is read. Called in the screen's
// thread by store_data.ts. A view has a file of its own beside this one; what its rows look like is
// in src/tui/views.

import type { Reader } from "../../../queue/ports/reader.ts";
import { type ProblemsData, readProblems } from "./problems.ts";
import { readStats, type StatsData } from "./stats.ts";

/** What there is to know of each view. */
export interface ViewData {
  readonly problems: ProblemsData;
  readonly stats: StatsData;
}

export type ViewName = keyof ViewData;

/** What a view is read from. */
interface ViewSource {
  readonly store: Reader;
}

type Readers = { readonly [Name in ViewName]: (source: ViewSource) => Promise<ViewData[Name]> };

const READERS: Readers = {
  problems: readProblems,
  stats: readStats,
};

export async function readView<Name extends ViewName>(
  name: Name,
  source: ViewSource,
): Promise<ViewData[Name]> {
  return await READERS[name](source);
}
