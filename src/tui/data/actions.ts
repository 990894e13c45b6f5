// Actions on many messages as the screen does them: what of a filter an action applies to, and doing it part
// by part. Called by effects.ts; what each part does is store_data.ts's.

import type { MessageSummary } from "../../queue/message.ts";
import { VERBS } from "../model/acting/verbs.ts";
import type { ActionOutcome, Data, ScreenFilter, Verb } from "./data.ts";

/** The messages of a filter that an action applies to. */
export function applyingTo(verb: Verb, filter: ScreenFilter): ScreenFilter {
  return { ...VERBS[verb].filter, and: [filter] };
}

interface Applying {
  readonly count: number;
  /** Those of the filter that it does not apply to. */
  readonly left: number;
  readonly samples: readonly MessageSummary[];
}

/** What of a filter an action applies to: how many, how many not, and some of them. */
export async function countApplying(
  data: Data,
  verb: Verb,
  filter: ScreenFilter,
): Promise<Applying> {
  const applying = applyingTo(verb, filter);
  const { rows: samples } = await data.window({
    filter: applying,
    sort: "newest",
    isReversed: false,
    anchor: "top",
    before: 0,
    after: 3,
  });
  const count = await data.count(applying);
  return { samples, count, left: Math.max(0, await data.count(filter) - count) };
}

interface Parts {
  readonly verb: Verb;
  readonly filter: ScreenFilter;
  /** Told after each part but the last how many messages were seen to; it says whether to go on. */
  readonly goesOn: (done: number) => boolean;
}

/** Does an action part by part, until it is done or told to stop. */
export async function actInParts(
  data: Data,
  { verb, filter, goesOn }: Parts,
): Promise<{ readonly outcome: ActionOutcome; readonly isStopped: boolean }> {
  let outcome = { changed: 0, withoutBody: 0, sendingRecipients: 0 };
  let done = 0;
  let from: string | null = null;
  do {
    const part = await data.act(verb, filter, from);
    outcome = {
      changed: outcome.changed + part.outcome.changed,
      withoutBody: outcome.withoutBody + part.outcome.withoutBody,
      sendingRecipients: outcome.sendingRecipients + part.outcome.sendingRecipients,
    };
    done += part.seen;
    from = part.next;
  } while (from !== null && goesOn(done));
  return { outcome, isStopped: from !== null };
}
