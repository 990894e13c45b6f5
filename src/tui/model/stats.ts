// The statistics: what of them can be chosen, and the list each choice leads to. Called by
// commands.ts and by screens/stats_lines.ts, which draws them. Pure.

import { parseFilter } from "./list/filter_text.ts";
import { type Step, step } from "./events.ts";
import { openListing } from "./list/window.ts";
import type { State } from "./state.ts";

/** A line of the statistics that leads to a list. */
export interface StatsChoice {
  readonly text: string;
  readonly count: number;
  readonly filterText: string;
}

interface StatsChoices {
  readonly domains: readonly StatsChoice[];
  readonly replies: readonly StatsChoice[];
}

const FAILING = "status:failed,partial,deferred";
/** What of a reply is looked for: enough to tell it from others. */
const REPLY_CHARS = 60;

export function choicesOf({ stats }: State): StatsChoices {
  return {
    domains: stats?.failingDomains.map(({ text, count }) => ({
      text: `@${text}`,
      count,
      filterText: `${FAILING} to:${quoted(`@${text}`)}`,
    })) ?? [],
    replies: stats?.failingReplies.map(({ text, count }) => ({
      text,
      count,
      filterText: `${FAILING} err:${quoted(text.slice(0, REPLY_CHARS))}`,
    })) ?? [],
  };
}

/** A quote cannot stand within quotes: what is left of it is looked for. */
function quoted(text: string): string {
  const [longest = ""] = text.split('"').toSorted((a, b) => b.length - a.length);
  return `"${longest}"`;
}

export function openStats(state: State): Step {
  return step({ ...state, screen: "stats", statsCursor: 0, notice: null }, { kind: "stats" }, {
    kind: "status",
  });
}

export function moveStats(state: State, rows: number): State {
  const { domains, replies } = choicesOf(state);
  const last = Math.max(0, domains.length + replies.length - 1);
  return { ...state, statsCursor: Math.max(0, Math.min(last, state.statsCursor + rows)) };
}

/** The list of what stands under the cursor. */
export function openChoice(state: State): Step {
  const { domains, replies } = choicesOf(state);
  const choice = [...domains, ...replies][state.statsCursor];
  if (choice === undefined) return step(state);
  return openListing(state, {
    view: 0,
    filterText: choice.filterText,
    filter: parseFilter(choice.filterText),
  });
}
