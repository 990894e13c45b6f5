// The list: the window of rows around the cursor, moving in it, and when more rows are asked for.
// Called by commands.ts, marks.ts and update.ts. Reading the rows is data/'s work. Pure.

import type { MessageSummary } from "../../../queue/message.ts";
import type { Anchor, MessageWindow, ScreenFilter } from "../../data/data.ts";
import { isOnlyStatuses, type ParsedFilter, parseFilter, toStoreFilter } from "./filter_text.ts";
import { LISTED_STATUSES, type ListedStatus } from "./filter_fields.ts";
import { layoutOf } from "../layout.ts";
import { type Effect, type Step, step } from "../events.ts";
import { currentRow, type ListState, type State, type ViewPlace, VIEWS } from "../state.ts";

/** Rows that are read on each side of the cursor. */
const READ_ROWS = 200;
/** The same above where the beginning was in sight. */
const NEW_ROWS = 2_000;
/** Rows of the window beyond the cursor below which more are read. */
const NEAR_ROWS = 100;
/** Neighbours that may take the cursor's place when its message is gone. */
const CANDIDATES = 100;

/** The filter in force. */
export function filterOf(state: State): ScreenFilter {
  const { filter, view } = state.list;
  return toStoreFilter(filter, VIEWS[view] ?? { statuses: null }, state.now);
}

/** The list of what a filter line means, from the view or screen that leads there. */
export function openFilter(state: State, filterText: string): Step {
  const { view } = state;
  const cameFrom = state.screen === "view" && view !== null ? placeIn(view) : null;
  return openListing(state, {
    view: 0,
    filterText,
    filter: parseFilter(filterText),
    cameFrom,
  });
}

function placeIn({ name, cursor, scroll, query, isFirst }: ViewPlace): ViewPlace {
  return { name, cursor, scroll, query, isFirst };
}

/** A value of a filter line, in quotes. A quote cannot stand within them: what is left of it is looked
 *  for. */
export function quoted(text: string): string {
  const [longest = ""] = text.split('"').toSorted((a, b) => b.length - a.length);
  return `"${longest}"`;
}

/** Another listing: begins at its top and forgets the marks. */
export function openListing(state: State, change: Partial<ListState>): Step {
  const list: ListState = {
    ...state.list,
    cameFrom: null,
    ...change,
    rows: [],
    cursor: 0,
    top: 0,
    offset: 0,
    total: null,
    seenFirst: null,
    marks: new Map(),
    all: null,
    range: null,
    isGoingToEnd: false,
    isFollowing: false,
    owed: 0,
  };
  return readWindow({ ...state, list, notice: null, screen: "list" }, "top", { wantsCount: true });
}

/** Reads the window anew around the cursor, and all that is counted. */
export function refreshList(state: State): Step {
  // Who looks at the first row looks at what comes first, unless he is about to do something to it.
  const { list } = state;
  const isAtTop = list.atStart && list.cursor === 0 && list.top === 0;
  const isBusy = state.dialog !== null || list.range !== null || state.screen !== "list";
  if (!isAtTop || isBusy) return readWindow(state, anchorOf(list), { wantsCount: true });
  return readWindow({ ...state, list: { ...list, isFollowing: true } }, "top", {
    wantsCount: true,
  });
}

/** The cursor's message, else what stood nearest below it, else above. */
function anchorOf({ rows, cursor }: ListState): Anchor {
  if (rows.length === 0) return "top";
  const below = rows.slice(cursor, cursor + CANDIDATES);
  const above = rows.slice(Math.max(0, cursor - CANDIDATES), cursor).reverse();
  return { ids: [...below, ...above].map(({ id }) => id) };
}

function readWindow(
  state: State,
  anchor: Anchor,
  { wantsCount = false }: { readonly wantsCount?: boolean } = {},
): Step {
  const generation = state.list.generation + 1;
  const { sort, isReversed, filter: parsed, view } = state.list;
  const filter = filterOf(state);
  const effects: Effect[] = [{
    kind: "window",
    generation,
    request: {
      filter,
      sort,
      isReversed,
      anchor,
      // What has come in above is counted, up to a limit.
      before: state.list.atStart ? NEW_ROWS : READ_ROWS,
      after: READ_ROWS,
    },
  }];
  let { total } = state.list;
  if (wantsCount) {
    // The queue keeps counts by status; any other count is a walk over the messages, which waits
    // until the rows are there.
    if (isCounted(parsed, view)) total = countByStatus(state, statusesOf(state.list));
    else effects.push({ kind: "count", generation, filter });
  }
  return step(
    {
      ...state,
      list: {
        ...state.list,
        generation,
        total,
        isLoading: true,
        anchor: typeof anchor === "string" ? null : anchor.ids[0] ?? null,
      },
    },
    ...effects,
  );
}

/** Whether the queue's own counts tell how many there are. */
function isCounted(parsed: ParsedFilter, view: number): boolean {
  return isOnlyStatuses(parsed) && (parsed.statuses !== null || VIEWS[view]?.isDue !== true);
}

function statusesOf({ filter, view }: ListState): readonly ListedStatus[] | null {
  return filter.statuses ?? VIEWS[view]?.statuses ?? null;
}

function countByStatus(state: State, statuses: readonly ListedStatus[] | null): number | null {
  const { status } = state;
  if (status === null) return null;
  return (statuses ?? LISTED_STATUSES)
    .reduce((sum, one) => sum + (one === "uncertain" ? 0 : status[one]), 0);
}

/** The status came: the counts it tells. */
export function recount(state: State): State {
  const { filter: parsed, view } = state.list;
  if (!isCounted(parsed, view)) return state;
  const total = countByStatus(state, statusesOf(state.list));
  return { ...state, list: { ...state.list, total } };
}

/** The rows that were asked for are there. */
export function windowCame(state: State, window: MessageWindow): Step {
  const { list } = state;
  const screenRow = list.cursor - list.top;
  // The cursor may have gone on since.
  const isFollowing = list.isFollowing && list.cursor === 0 && list.top === 0;
  const isToEdge = list.isGoingToEnd || isFollowing;
  const current = isToEdge ? -1 : placeOf(window.rows, currentRow(list)?.id);
  const id = currentRow(list)?.id ?? null;
  if (current < 0 && !isToEdge && id !== null && id !== list.anchor) {
    // It has gone on so far that these rows are of no use.
    return readWindow(state, anchorOf(list));
  }
  const cursor = Math.max(0, current < 0 ? window.at : current);
  const moved: ListState = {
    ...list,
    rows: window.rows,
    atStart: window.atStart,
    atEnd: window.atEnd,
    offset: offsetOf(list, window),
    cursor,
    top: Math.max(0, cursor - screenRow),
    isLoading: false,
    isGoingToEnd: false,
    isFollowing: false,
    marks: fresher(list.marks, window.rows),
    owed: 0,
  };
  const next = { ...state, list: noteSeen(inView(moved, listRows(state))) };
  return list.owed === 0 ? fetchNearby(next) : moveBy(next, list.owed);
}

function placeOf(rows: readonly MessageSummary[], id: string | undefined): number {
  return id === undefined ? -1 : rows.findIndex((row) => row.id === id);
}

/** Marks keep the row as it was last seen, for what can be done with it. */
function fresher(
  marks: ReadonlyMap<string, MessageSummary>,
  rows: readonly MessageSummary[],
): ReadonlyMap<string, MessageSummary> {
  if (marks.size === 0) return marks;
  const fresh = new Map(marks);
  for (const row of rows) if (fresh.has(row.id)) fresh.set(row.id, row);
  return fresh;
}

/** Where a window begins in the listing, by what is known of the last one. */
function offsetOf(list: ListState, window: MessageWindow): number | null {
  if (window.atStart) return 0;
  if (window.atEnd && list.total !== null) return Math.max(0, list.total - window.rows.length);
  // So many came in above that where these rows stand is not known.
  if (list.offset === null || list.offset === 0) return null;
  const places = new Map(list.rows.map(({ id }, i) => [id, i]));
  for (const [i, { id }] of window.rows.entries()) {
    const place = places.get(id);
    if (place !== undefined) return Math.max(0, list.offset + place - i);
  }
  return null;
}

/** At the beginning all is seen, and nothing counts as new. */
function noteSeen(list: ListState): ListState {
  const isAtTop = list.atStart && list.top === 0 && (list.cursor === 0 || list.seenFirst === null);
  return isAtTop || list.seenFirst === null
    ? { ...list, seenFirst: list.rows[0]?.id ?? null }
    : list;
}

/** Rows that came in above since the operator last saw the beginning; null if that is too far
 *  away to tell. */
export function newAbove({ rows, atStart, seenFirst }: ListState): number | null {
  if (!atStart) return null;
  const place = rows.findIndex(({ id }) => id === seenFirst);
  return place < 0 ? null : place;
}

export function listRows(state: State): number {
  return layoutOf({ ...state, screen: "list" }).listRows;
}

/** Moves what is seen so that the cursor is in it, and no further: the cursor's row stays where it
 *  is on the screen even if there is room below. */
export function inView(list: ListState, height: number): ListState {
  const last = Math.max(0, list.rows.length - 1);
  const cursor = Math.min(Math.max(0, list.cursor), last);
  const top = Math.min(cursor, Math.max(0, list.top, cursor - height + 1));
  return { ...list, cursor, top };
}

/** Moves the cursor; what lies beyond the rows that are there is owed until they come. */
export function moveBy(state: State, rows: number): Step {
  const { list } = state;
  // A move back first takes from what is owed the other way.
  const back = Math.sign(rows) === -Math.sign(list.owed)
    ? Math.min(Math.abs(rows), Math.abs(list.owed))
    : 0;
  const settled = list.owed - Math.sign(list.owed) * back;
  const wanted = list.cursor + rows - Math.sign(rows) * back;
  const cursor = Math.min(Math.max(0, wanted), Math.max(0, list.rows.length - 1));
  const isBeyond = wanted < 0 ? !list.atStart : wanted >= list.rows.length && !list.atEnd;
  const walked = walkRange(list, cursor);
  const moved = inView({ ...walked, cursor }, listRows(state));
  const owed = isBeyond ? wanted - cursor : 0;
  return fetchNearby({
    ...state,
    list: noteSeen({ ...moved, owed: list.isLoading ? settled + owed : owed }),
    notice: null,
  });
}

/** Marks what the cursor walks over while a range is open, and unmarks where it turns back. */
function walkRange(list: ListState, cursor: number): ListState {
  if (list.range === null) return list;
  const path = [...list.range.path];
  const stride = Math.sign(cursor - list.cursor);
  for (let at = list.cursor; at !== cursor;) {
    at += stride;
    const row = list.rows[at];
    if (row === undefined) break;
    if (path.at(-2)?.id === row.id) path.pop();
    else path.push(row);
  }
  const marks = new Map(list.range.base);
  for (const row of path) marks.set(row.id, row);
  return { ...list, marks, range: { ...list.range, path } };
}

/** Asks for more of the listing where the cursor comes near the end of what is there. */
function fetchNearby(state: State): Step {
  const { list } = state;
  if (list.isLoading) return step(state);
  const isNearStart = !list.atStart && list.cursor < NEAR_ROWS;
  const isNearEnd = !list.atEnd && list.cursor >= list.rows.length - NEAR_ROWS;
  return isNearStart || isNearEnd ? readWindow(state, anchorOf(list)) : step(state);
}

/** To the first or the last of all. */
export function moveToEnd(state: State, end: "top" | "bottom"): Step {
  const { list } = state;
  const isBottom = end === "bottom";
  if (isBottom ? list.atEnd : list.atStart) {
    return moveBy(state, isBottom ? list.rows.length : -list.rows.length);
  }
  if (list.range !== null) {
    return step({
      ...state,
      notice: { text: "A range cannot reach that far: * marks all that match", isError: true },
    });
  }
  const top = isBottom ? Math.max(0, listRows(state) - 1) : 0;
  // Where on the screen the cursor is to stand.
  const placed = { ...list, cursor: top, top: 0, isGoingToEnd: true, owed: 0 };
  return readWindow({ ...state, list: placed, notice: null }, end);
}
