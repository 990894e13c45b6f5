// What each view of the screen asks of the queue, and how the answer is read. Called in the screen's
// thread by store_data.ts. A view has a file of its own beside this one; what its rows look like is
// in src/tui/views.

import type { EventLog } from "../../../queue/ports/events.ts";
import type { Reader } from "../../../queue/ports/reader.ts";
import type { WorkerInfo } from "../../../queue/status.ts";
import type { ProgramOutput } from "../../terminal/own_program.ts";
import { type EventsData, readEvents } from "./events.ts";
import { type PausesData, readWaiting } from "./pauses.ts";
import { type ProblemsData, readProblems } from "./problems.ts";
import { readStats, type StatsData } from "./stats.ts";
import { readSuppressions, type SuppressionsData } from "./suppressions.ts";

/** What there is to know of each view that is read from the queue. */
export interface QueueViewData {
  readonly problems: ProblemsData;
  readonly relays: PausesData;
  readonly workers: readonly WorkerInfo[];
  readonly pauses: PausesData;
  readonly suppressions: SuppressionsData;
  readonly events: EventsData;
  readonly stats: StatsData;
}

/** And of those that the screen itself knows of. */
export interface ViewData extends QueueViewData {
  /** The settings do not change while the screen is open. */
  readonly settings: true;
  /** Of the command that was run last from the screen. */
  readonly output: ProgramOutput;
}

export type QueueViewName = keyof QueueViewData;
export type ViewName = keyof ViewData;

/** What a view is read from. */
interface ViewSource {
  readonly store: Reader & EventLog;
  /** What was typed to see only some of its rows. */
  readonly query: string;
}

type Readers = {
  readonly [Name in QueueViewName]: (source: ViewSource) => Promise<QueueViewData[Name]>;
};

const READERS: Readers = {
  problems: readProblems,
  relays: readWaiting,
  workers: async ({ store }) => (await store.status()).workers,
  pauses: readWaiting,
  suppressions: readSuppressions,
  events: readEvents,
  stats: readStats,
};

export async function readView<Name extends QueueViewName>(
  name: Name,
  source: ViewSource,
): Promise<QueueViewData[Name]> {
  return await READERS[name](source);
}
