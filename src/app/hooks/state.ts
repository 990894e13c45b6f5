// How far the hooks of the settings are, for people and monitors: `hooks`, `status`, metrics. And what
// telling them takes of the program.

import type { HookSettings } from "../../config/tables/hooks.ts";
import type { Settings } from "../../config/settings.ts";
import type { EventLog } from "../../queue/ports/events.ts";
import type { Hooks, HookState } from "../../queue/ports/hooks.ts";
import { isOnPostgres, queuePath } from "../../store/open.ts";
import type { App } from "../app.ts";
import type { TellTools } from "./tell.ts";

/** Pages of events that are counted at most: far behind is far behind. */
const MOST_PAGES = 20;

/** A hook, and what it was not told of yet. */
export interface HookLag {
  readonly hook: HookSettings;
  readonly state: HookState;
  /** Events that it is to be told of; of more than some twenty thousand, at least so many. */
  readonly behind: number;
  /** When the first of them happened, ms since 1970. */
  readonly oldestAt: number | null;
}

/** How far each hook is. */
export async function hookLags(
  store: EventLog & Hooks,
  hooks: readonly HookSettings[],
): Promise<HookLag[]> {
  const states = await store.hookStates(hooks.map(({ name }) => name));
  const lags: HookLag[] = [];
  for (const [i, hook] of hooks.entries()) {
    const state = states[i];
    if (state === undefined) continue;
    let behind = 0;
    let oldestAt: number | null = null;
    let after = state.position;
    for (let page = 0; page < MOST_PAGES; page++) {
      const { events, upTo } = await store.eventsAfter(after, { types: hook.events });
      behind += events.length;
      oldestAt ??= events[0]?.at ?? null;
      if (upTo === after) break;
      after = upTo;
    }
    lags.push({ hook, state, behind, oldestAt });
  }
  return lags;
}

/** What telling takes of the program. A hook's command works on the same queue. */
export function tellTools(
  { env, clock, random, wait }: Pick<App, "env" | "clock" | "random" | "wait">,
  settings: Settings,
  store: EventLog & Hooks,
  onTurn: TellTools["onTurn"],
): TellTools {
  const MAILQ_QUEUE = isOnPostgres(settings.queue)
    ? settings.queue
    : Deno.realPathSync(queuePath(settings.queue));
  return { store, env: { ...env, MAILQ_QUEUE }, clock, random, wait, onTurn };
}
