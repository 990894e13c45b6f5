// The rows of a message's tab that are seen, on the detail screen and in the preview pane. Called by
// windows.ts. What the rows are is decided in model/message/detail.ts.

import { STATE_LOOKS } from "../../../display/colour.ts";
import { layoutOf } from "../../model/layout.ts";
import { linesOf, rowsOf } from "../../model/message/detail.ts";
import type { State } from "../../model/state.ts";
import { cell, type Line } from "../line.ts";

export function tabRows(state: State): Line[] {
  const { detail } = state;
  const { textRows, textColumns } = layoutOf(state);
  if (detail === null) return [];
  if (detail.message === "gone") return [said("This message is not in the queue any more.")];
  if (detail.tab === "Attempts") {
    if (detail.message === null) return [said("Reading …")];
    return linesOf(state).slice(detail.scroll, detail.scroll + textRows).map((line, i) => {
      const isCursor = state.screen === "detail" && detail.scroll + i === detail.cursor;
      const colour = line.state === null ? undefined : STATE_LOOKS[line.state].colour;
      return [
        { text: isCursor ? "▸" : " ", style: { isBold: true } },
        cell(line.text, textColumns, { colour, isBold: line.isBold, isInverse: isCursor }),
      ];
    });
  }
  if (detail.content === null) return [said("Reading …")];
  if ("error" in detail.content) return [said(detail.content.error)];
  const rows = rowsOf(state);
  if (rows === null) return [said(`This message has no ${detail.tab.toLowerCase()}.`)];
  const shown = rows.slice(detail.scroll, textRows).map((row): Line => [
    { text: " " },
    cell(row, textColumns),
  ]);
  const { leftOut } = detail.content;
  const isEnd = shown.length < textRows;
  return leftOut > 0 && isEnd && detail.tab === "Raw"
    ? [...shown, said(`… ${leftOut} more bytes; e shows all in $PAGER`)]
    : shown;
}

function said(text: string): Line {
  return [{ text: " " }, cell(text, 200, { colour: "dim" })];
}
