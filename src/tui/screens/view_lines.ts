// Draws the view in the list's place: its rows, with the cursor. Called by frame.ts; what the rows are
// is in src/tui/views.

import { layoutOf } from "../model/layout.ts";
import { cursorRow, viewRows } from "../model/view.ts";
import type { State } from "../model/state.ts";
import { type Line, toWidth } from "./line.ts";

/** The rows of the view that are seen. */
export function viewLines(state: State): Line[] {
  const rows = viewRows(state);
  if (rows === null) return [[{ text: "  Reading …", style: { colour: "dim" } }]];
  const { bodyRows } = layoutOf(state);
  const scroll = state.view?.scroll ?? 0;
  const cursor = cursorRow(state);
  return rows.slice(scroll, scroll + bodyRows).map(({ line }, i) =>
    scroll + i === cursor ? underCursor(line, state.size.columns) : line
  );
}

function underCursor(line: Line, columns: number): Line {
  const [first, ...rest] = toWidth(line, columns);
  const text = first?.text ?? "";
  const marked = { text: `▸${text.slice(1)}`, style: { ...first?.style, isInverse: true } };
  return [marked, ...rest.map((span) => ({ ...span, style: { ...span.style, isInverse: true } }))];
}
