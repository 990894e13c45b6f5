import { type RecipientEvent, type RecipientState, TRANSITIONS } from "../../src/queue/state.ts";

/** Every event of the law of states, in the order of its table. */
// The keys of the table are the events and nothing else: its type says so.
export const RECIPIENT_EVENTS = Object.keys(TRANSITIONS) as RecipientEvent[];

/** The state after `event`, or null where the event does not apply to `state`. */
export function nextState(state: RecipientState, event: RecipientEvent): RecipientState | null {
  const row = TRANSITIONS[event];
  return row.from.includes(state) ? row.to : null;
}
