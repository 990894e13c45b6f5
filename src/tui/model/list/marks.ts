// Marks on messages of the list: one, a range, all that match. Called by commands.ts; what is done
// to what is marked is in actions.ts. Pure.

import { type Step, step } from "../events.ts";
import { filterOf, moveBy } from "./window.ts";
import { currentRow, isMarked, type ListState, type State } from "../state.ts";

/** Space: ends a range; otherwise marks or unmarks the row, and moves on. */
export function toggleMark(state: State): Step {
  const { list } = state;
  if (list.range !== null) return step(endRange(state));
  const row = currentRow(list);
  if (row === null) return step(state);
  const isOn = isMarked(list, row.id);
  const change = (known: ReadonlySet<string>) => {
    const changed = new Set(known);
    if (isOn) changed.add(row.id);
    else changed.delete(row.id);
    return changed;
  };
  const marks = new Map(list.marks);
  if (isOn) marks.delete(row.id);
  else marks.set(row.id, row);
  const marked: ListState = list.all === null
    ? { ...list, marks }
    : { ...list, all: { ...list.all, except: change(list.all.except) } };
  return moveBy({ ...state, list: marked }, 1);
}

/** v: begins a range at the cursor, or ends it. */
export function toggleRange(state: State): Step {
  const { list } = state;
  if (list.range !== null) return step(endRange(state));
  const row = currentRow(list);
  if (row === null) return step(state);
  const base = list.marks;
  const marks = new Map([...base, [row.id, row] as const]);
  return step({ ...state, list: { ...list, all: null, marks, range: { base, path: [row] } } });
}

export function endRange(state: State): State {
  return { ...state, list: { ...state.list, range: null } };
}

/** *: all that match, as of now: what arrives later is none of them. */
export function markAll(state: State): Step {
  const filter = filterOf(state);
  const frozen = {
    ...filter,
    createdUntil: Math.min(filter.createdUntil ?? Infinity, state.now + 1),
  };
  const all = { filter: frozen, count: null, except: new Set<string>() };
  const list = { ...state.list, all, marks: new Map(), range: null };
  return step({ ...state, list }, { kind: "count_all", filter: frozen });
}

export function unmarkAll(state: State): State {
  return { ...state, list: { ...state.list, marks: new Map(), all: null, range: null } };
}

/** How many are marked; null while all are being counted. */
export function markedCount({ all, marks }: ListState): number | null {
  if (all === null) return marks.size;
  return all.count === null ? null : Math.max(0, all.count - all.except.size);
}
