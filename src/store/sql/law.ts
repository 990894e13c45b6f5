// The law of states (src/queue/state.ts) as pieces of SQL, made when this is loaded. Statements are
// put together from them: no other file of the store writes a state or a status as a literal.
// They stay literals in the SQL, since partial indexes serve only those.

import {
  FAILURE_REASONS,
  type FinalReason,
  RECIPIENT_STATES,
  type RecipientEvent,
  type RecipientState,
  STATUS_RULES,
  type StatusRule,
  type StoredStatus,
  TRANSITIONS,
} from "../../queue/state.ts";

/** A word of the law as a literal. */
export function word(value: RecipientState | StoredStatus | FinalReason): string {
  return `'${value}'`;
}

/** The condition that a column holds one of these words. One word is compared with `=`: the planner
 *  knows partial indexes and orders by it. */
export function isOneOf(column: string, words: readonly (RecipientState | StoredStatus)[]): string {
  const [only] = words;
  return words.length === 1 && only !== undefined
    ? `${column} = ${word(only)}`
    : `${column} IN (${words.map(word).join(", ")})`;
}

/** The condition on `message.status`. */
export function statusIs(...statuses: readonly StoredStatus[]): string {
  return isOneOf("status", statuses);
}

/** The condition on `recipient.state`. */
export function stateIs(...states: readonly RecipientState[]): string {
  return isOneOf("state", states);
}

/** The condition that a recipient is in a state in which `event` may happen to it, but for the states
 *  in `but`. */
export function mayHappen(event: RecipientEvent, but: readonly RecipientState[] = []): string {
  return stateIs(...TRANSITIONS[event].from.filter((state) => !but.includes(state)));
}

/** What `event` sets in a recipient's row: the new state, and what belongs to the states it may come
 *  from or goes to. `next_at` is a deferred recipient's, `reason` a failed one's, `sent_at` a sent
 *  one's; who defers or sends sets those of the new state himself. */
export function happens(event: RecipientEvent): string {
  const { from, to } = TRANSITIONS[event];
  const sets = [`state = ${word(to)}`];
  const reason = FAILURE_REASONS[event];
  if (reason !== undefined) sets.push(`reason = ${word(reason)}`);
  const leaves = (state: RecipientState) => from.includes(state) && to !== state;
  if (leaves("failed")) sets.push("reason = NULL");
  if (leaves("deferred")) sets.push("next_at = NULL");
  if (leaves("sent")) sets.push("sent_at = NULL");
  return sets.join(", ");
}

/** Counts a message's recipients by state, and all of them (`total`): what `countOf` and `STATUS`
 *  read. In an aggregate over them. */
export const STATE_COUNTS = ["count(*) AS total", ...RECIPIENT_STATES.map(countState)].join(", ");

function countState(state: RecipientState): string {
  return `count(*) FILTER (WHERE ${stateIs(state)}) AS ${state}`;
}

/** How many recipients are in one of these states, from `STATE_COUNTS`. */
export function countOf(states: readonly RecipientState[]): string {
  return `(${states.join(" + ")})`;
}

/** The status of a message from the `STATE_COUNTS` of its recipients, in a statement on `message`
 *  that has the time as the column `now`. (Deno 2.4 knows no numbered parameters.) */
export const STATUS = `CASE ${STATUS_RULES.map(statusCase).join(" ")} END`;

function statusCase({ status, some, every, isHeld, isEarly }: StatusRule): string {
  const conditions = [
    ...isHeld ? ["message.held = 1"] : [],
    ...isEarly ? ["message.send_at > now"] : [],
    ...some === undefined ? [] : [`${countOf(some)} > 0`],
    ...every === undefined ? [] : [`${countOf(every)} = total`],
  ];
  const when = conditions.length === 0 ? "ELSE" : `WHEN ${conditions.join(" AND ")} THEN`;
  return `${when} ${word(status)}`;
}
