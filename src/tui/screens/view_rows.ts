// The rows that are seen of the view in the list's place, with the cursor. Called by windows.ts; what
// the rows are is in src/tui/views.

import { layoutOf } from "../model/layout.ts";
import { cursorRow, viewRows } from "../model/view.ts";
import type { State } from "../model/state.ts";
import { type Line, toWidth } from "./line.ts";

export function shownRows(state: State): Line[] {
  const rows = viewRows(state);
  if (rows === null) return [[{ text: "  Reading …", style: { colour: "dim" } }]];
  const { bodyRows } = layoutOf(state);
  const scroll = state.view?.scroll ?? 0;
  const cursor = cursorRow(state);
  return rows.slice(scroll, scroll + bodyRows).map((row, i) => {
    const line = toWidth(row.line, state.size.columns);
    return scroll + i === cursor ? underCursor(line) : line;
  });
}

function underCursor([first, ...rest]: Line): Line {
  const text = first?.text ?? "";
  const marked = { text: `▸${text.slice(1)}`, style: { ...first?.style, isInverse: true } };
  return [marked, ...rest.map((span) => ({ ...span, style: { ...span.style, isInverse: true } }))];
}
