// The view that is open in the list's place: reading it, its cursor and scrolling. Called by
// commands.ts and update.ts; what its rows are is in src/tui/views. Pure, but for the last rows it
// keeps.

import type { ViewData, ViewName } from "../data/views/view_data.ts";
import type { View, ViewRow } from "../views/view.ts";
import { viewOf } from "../views/views.ts";
import { allOf, askAbout } from "./acting/actions.ts";
import { type Event, type Step, step } from "./events.ts";
import { layoutOf } from "./layout.ts";
import type { ViewCommandId } from "../keys/keys.ts";
import { VIEWS } from "../keys/places.ts";
import type { State, ViewPlace, ViewState } from "./state.ts";
import type { ScreenFilter, Verb } from "../data/data.ts";

/** While others change the queue a view is read anew after this many times what reading takes. */
const REST = 4;
const LEAST_REST_MS = 500;

/** A view as it was left for a list. */
type Left = Omit<ViewPlace, "name">;

export const NOT_LEFT: Left = { cursor: null, scroll: 0, query: "", isFirst: false };

/** Opens a view, with the cursor where it was when it was left for a list. */
export function openView(state: State, name: ViewName, left: Left = NOT_LEFT): Step {
  const { query } = left;
  const known = state.view?.name === name && state.view.query === query ? state.view.data : null;
  const view: ViewState = {
    ...left,
    name,
    data: known,
    isReading: true,
    isStale: false,
    tookMs: 0,
  };
  return step(
    { ...state, screen: "view", view, notice: null },
    { kind: "view", name, query, afterMs: 0 },
    { kind: "status" },
  );
}

/** The view that stands so many further; they go round. */
export function turnView(state: State, by: 1 | -1): Step {
  const { view } = state;
  const at = VIEWS.findIndex((name) => name === view?.name);
  const name = VIEWS[(at + by + VIEWS.length) % VIEWS.length] ?? "problems";
  return openView(state, name, { ...NOT_LEFT, isFirst: view?.isFirst ?? false });
}

/** Only rows that hold what was typed. */
export function filterView(state: State, query: string): Step {
  const { view } = state;
  if (view === null) return step(state);
  return openView(state, view.name, { ...NOT_LEFT, isFirst: view.isFirst, query });
}

/** The queue has changed. */
export function refreshView(state: State): Step {
  const { view } = state;
  if (view === null || state.screen !== "view") return step(state);
  if (view.isReading) return step({ ...state, view: { ...view, isStale: true } });
  return read(state, view);
}

function read(state: State, view: ViewState): Step {
  const afterMs = Math.max(LEAST_REST_MS, view.tookMs * REST);
  const reading = { ...view, isReading: true, isStale: false };
  return step({ ...state, view: reading }, {
    kind: "view",
    name: view.name,
    query: view.query,
    afterMs,
  });
}

export function viewCame(state: State, event: Extract<Event, { kind: "view" }>): Step {
  const { view } = state;
  if (view === null || view.name !== event.name || view.query !== event.query) return step(state);
  const { data, tookMs } = event;
  const isAtEnd = view.name === "output" && view.scroll >= lowestScroll(state);
  const read_ = { ...state, view: { ...view, data, tookMs, isReading: false } };
  // What is printed is followed, unless somebody reads further above.
  const came = isAtEnd ? { ...read_, view: { ...read_.view, scroll: lowestScroll(read_) } } : read_;
  return view.isStale && state.screen === "view" ? read(came, came.view) : step(came);
}

/** A view with what was read for it. */
interface Opened<Name extends ViewName> {
  readonly view: View<Name>;
  readonly data: ViewData[Name];
}

/** Null while it is read. */
function opened(state: State): Opened<ViewName> | null {
  const { view } = state;
  if (view === null || view.data === null) return null;
  // The data are those of the view's own name: viewCame sees to that.
  return { view: viewOf(view.name) as View<ViewName>, data: view.data };
}

let last: { state: State; rows: readonly ViewRow[] } | null = null;

/** The rows of the view; null while it is read. */
export function viewRows(state: State): readonly ViewRow[] | null {
  const known = opened(state);
  if (known === null) return null;
  if (last !== null && isSame(last.state, state)) return last.rows;
  const rows = known.view.rows(known.data, { state, columns: state.size.columns });
  last = { state, rows };
  return rows;
}

function isSame(a: State, b: State): boolean {
  return a.view?.data === b.view?.data && a.now === b.now && a.status === b.status &&
    a.isGone === b.isGone && a.size.columns === b.size.columns;
}

/** The place of the cursor's row; -1 where there is none. */
export function cursorRow(state: State): number {
  const rows = viewRows(state) ?? [];
  const key = state.view?.cursor ?? null;
  const found = key === null ? -1 : rows.findIndex((row) => row.key === key);
  return found >= 0 ? found : rows.findIndex((row) => row.key !== undefined);
}

/** The scroll at which the end is in sight. */
function lowestScroll(state: State): number {
  return Math.max(0, (viewRows(state)?.length ?? 0) - layoutOf(state).bodyRows);
}

/** Moves the cursor over the rows that have a key; beyond them it scrolls. */
export function moveView(state: State, by: number): State {
  const { view } = state;
  const rows = viewRows(state);
  if (view === null || rows === null) return state;
  const { bodyRows } = layoutOf(state);
  const places = rows.flatMap(({ key }, i) => key === undefined ? [] : [i]);
  const at = places.indexOf(cursorRow(state));
  const wanted = Math.max(0, Math.min(places.length - 1, at + by));
  const place = places[wanted];
  const lowest = lowestScroll(state);
  if (place === undefined || wanted === at) {
    // There is no row to go to: what lies beyond is scrolled to.
    const scroll = Math.max(0, Math.min(lowest, view.scroll + by));
    return { ...state, notice: null, view: { ...view, scroll } };
  }
  // All of the row's lines are to be seen, up to the next one.
  const end = Math.min((places[wanted + 1] ?? rows.length) - 1, place + bodyRows - 1);
  const top = wanted === 0 ? 0 : place;
  const scroll = Math.max(0, Math.min(top, Math.max(view.scroll, end - bodyRows + 1)));
  return { ...state, notice: null, view: { ...view, cursor: rows[place]?.key ?? null, scroll } };
}

/** The cursor on the row that stands, with the lines below it, at this place of the screen; `here` if it is
 *  there already. */
export function pointAt(state: State, row: number): State | "here" {
  const { view } = state;
  const rows = viewRows(state);
  if (view === null || rows === null) return state;
  const place = rows.findLastIndex(({ key }, i) => key !== undefined && i <= view.scroll + row);
  const key = rows[place]?.key;
  if (key === undefined || rows[view.scroll + row] === undefined) return state;
  return place === cursorRow(state) ? "here" : { ...state, view: { ...view, cursor: key } };
}

/** Enter. */
export function openRow(state: State): Step {
  const known = opened(state);
  const key = viewRows(state)?.[cursorRow(state)]?.key;
  if (known === null || key === undefined) return step(state);
  return known.view.open?.(state, known.data, key) ?? step(state);
}

/** Does what the view has a command for. */
export function runViewCommand(state: State, id: ViewCommandId): Step {
  const known = opened(state);
  if (known === null) return step(state);
  const key = viewRows(state)?.[cursorRow(state)]?.key ?? null;
  return known.view.commands?.[id]?.(state, key, known.data) ?? step(state);
}

/** Asks to do something to all messages of the row under the cursor. */
export function actOnRow(state: State, verb: Verb): Step {
  const known = opened(state);
  const key = viewRows(state)?.[cursorRow(state)]?.key;
  const filter: ScreenFilter | null = known === null || key === undefined
    ? null
    : known.view.messages?.(known.data, key) ?? null;
  if (filter === null) {
    return step({ ...state, notice: { text: "There are no messages here", isError: true } });
  }
  return askAbout(state, verb, allOf(filter));
}
