// Reads the newest events for their view. Called by view_data.ts; what events there are is
// src/queue/event.ts's.

import { type NumberedEvent, typesOf } from "../../../queue/event.ts";
import type { EventLog } from "../../../queue/ports/events.ts";
import { holdsWords } from "./words.ts";

export interface EventsData {
  /** The newest first. */
  readonly events: readonly NumberedEvent[];
  /** There are older ones that were not looked at. */
  readonly isCut: boolean;
}

const MOST = 500;
/** Numbers that are looked at first; then twice as many, as long as there is time. */
const FIRST_SPAN = 1_000;
const PATIENCE_MS = 300;

/** The newest events that hold all words of `query`; a word that names types means these. */
export async function readEvents(
  { store, query }: { readonly store: EventLog; readonly query: string },
): Promise<EventsData> {
  const types: string[] = [];
  const words: string[] = [];
  for (const word of query.split(/\s+/)) {
    const named = [...typesOf(word), ...typesOf(`${word}.*`)];
    if (named.length > 0) types.push(...named);
    else words.push(word);
  }
  const wanted = types.length > 0 ? { types } : {};
  const isFit = ({ type, fields }: NumberedEvent) =>
    holdsWords(words.join(" "), `${type} ${Object.values(fields).join(" ")}`);
  const giveUpAt = performance.now() + PATIENCE_MS;
  let found: NumberedEvent[] = [];
  let end = await store.newestEvent();
  for (let span = FIRST_SPAN; end > 0 && found.length < MOST; span *= 2) {
    const begin = Math.max(0, end - span);
    const part: NumberedEvent[] = [];
    let hasOlder = begin > 0;
    for (let after = begin; after < end;) {
      const { events, upTo, deletedTo } = await store.eventsAfter(after, wanted);
      for (const event of events) if (event.number <= end && isFit(event)) part.push(event);
      hasOlder &&= deletedTo === null;
      if (upTo <= after) break;
      after = upTo;
    }
    found = [...part, ...found];
    end = hasOlder ? begin : 0;
    if (performance.now() > giveUpAt) break;
  }
  return { events: found.slice(-MOST).toReversed(), isCut: end > 0 || found.length > MOST };
}
