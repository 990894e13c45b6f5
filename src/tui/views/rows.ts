// Rows that several views have: titles, remarks, and columns. Called by the views' own files; cells are
// made safe and cut by screens/line.ts.

import { sanitise } from "../../display/sanitise.ts";
import { cell, type Line, padded, type Style } from "../screens/line.ts";
import type { ViewRow } from "./view.ts";

/** What a part of a view is about. */
export function title(text: string): ViewRow {
  return { line: [{ text: ` ${sanitise(text)}`, style: { isBold: true } }] };
}

/** What is to be said where there is nothing to show. */
export function said(text: string): ViewRow {
  return { line: [{ text: `   ${sanitise(text)}`, style: { colour: "dim" } }] };
}

/** A line under the row that it is about. */
export function under(text: string, columns: number, style: Style = { colour: "dim" }): ViewRow {
  return { line: [cell(`      ${text}`, columns, style)] };
}

/** A cell of a row: its text, and its columns; without columns it has all that is left. */
type Column = readonly [text: string, columns: number | null, style?: Style];

export function rowOf(columns: number, cells: readonly Column[]): Line {
  const fixed = cells.reduce((sum, [, width]) => sum + (width ?? 0) + 2, 0);
  return cells.flatMap(([text, width, style]) => [
    { text: "  " },
    padded(text, width ?? columns - fixed, style),
  ]);
}
