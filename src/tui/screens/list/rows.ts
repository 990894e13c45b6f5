// The rows of the list that are seen. Called by windows.ts. Which messages there are is decided in
// model/list; the titles above are list.tsx's.

import type { MessageSummary } from "../../../queue/message.ts";
import { layoutOf } from "../../model/layout.ts";
import { isMarked, type State } from "../../model/state.ts";
import { type Line, padded, type Style } from "../line.ts";
import { type Column, columnsFor } from "./columns.ts";

export function listRows(state: State): Line[] {
  const { listColumns, listRows } = layoutOf(state);
  const columns = columnsFor(listColumns);
  const { list } = state;
  return list.rows.slice(list.top, list.top + listRows).map((message, i) =>
    rowLine(state, message, { columns, isCursor: list.top + i === list.cursor })
  );
}

function gap(i: number, columns: readonly Column[]): string {
  return i === columns.length - 1 ? "" : " ";
}

interface RowLook {
  readonly columns: readonly Column[];
  readonly isCursor: boolean;
}

/** What a row was drawn of, and the row. */
interface Drawn extends RowLook {
  readonly isMarked: boolean;
  readonly now: number;
  readonly hindrances: State["hindrances"];
  readonly line: Line;
}

const drawn = new WeakMap<MessageSummary, Drawn>();

/** Most rows are what they were at the key before, and cost nothing. */
function rowLine(state: State, message: MessageSummary, look: RowLook): Line {
  const { now, hindrances, list } = state;
  const isNowMarked = isMarked(list, message.id);
  const known = drawn.get(message);
  if (
    known !== undefined && known.columns === look.columns && known.isCursor === look.isCursor &&
    known.isMarked === isNowMarked && known.now === now && known.hindrances === hindrances
  ) return known.line;
  const line = drawRow(state, message, look);
  drawn.set(message, { ...look, isMarked: isNowMarked, now, hindrances, line });
  return line;
}

function drawRow(state: State, message: MessageSummary, { columns, isCursor }: RowLook): Line {
  const base: Style | undefined = isCursor ? { isInverse: true } : undefined;
  const mark = isMarked(state.list, message.id) ? "●" : " ";
  return [
    { text: `${isCursor ? "▸" : " "} ${mark} `, style: base },
    ...columns.flatMap(({ columns: width, align, text, colour: colourOf }, i) => {
      // The cursor's bar is of one colour: what stands in it says the rest.
      const colour = isCursor ? undefined : colourOf?.(message);
      const style = colour === undefined ? base : { colour };
      return [padded(text(message, state), width, style, align), {
        text: gap(i, columns),
        style: base,
      }];
    }),
  ];
}
