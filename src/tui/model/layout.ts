// Where things stand on a screen of a given size. Called by the model, which must know how many
// rows there are to move in, and by the screens, which draw into them. Pure.

import type { Size, State } from "./state.ts";

export const MIN_SIZE: Size = { columns: 60, rows: 12 };
/** With a pane beside it the list has still room for what it shows at 80. */
const PREVIEW_SIZE: Size = { columns: 150, rows: 30 };

/** Where things stand on a screen, in cells. */
export interface Layout {
  readonly isTooSmall: boolean;
  /** Rows between header and footer, titles included. */
  readonly bodyRows: number;
  /** Rows of messages in the list. */
  readonly listRows: number;
  readonly listColumns: number;
  /** 0 where there is no preview pane. */
  readonly previewColumns: number;
  /** Room for a tab's text, on the detail screen or in the preview pane. */
  readonly textRows: number;
  readonly textColumns: number;
}

export const HEADER_ROWS = 2;
const FOOTER_ROWS = 2;
/** The list's titles. */
export const TITLE_ROWS = 1;
/** What stands above a message's text: what it is, from whom, to whom, and the tabs. */
const DETAIL_ROWS = 4;
/** The pane has its tabs and one line about the message. */
const PREVIEW_ROWS = 2;

export function layoutOf(state: Pick<State, "size" | "screen" | "hasPreview">): Layout {
  const { columns, rows } = state.size;
  const bodyRows = Math.max(0, rows - HEADER_ROWS - FOOTER_ROWS);
  const hasPreview = state.screen === "list" && state.hasPreview && hasRoomForPreview(state.size);
  const previewColumns = hasPreview ? Math.floor(columns * 0.45) : 0;
  return {
    isTooSmall: columns < MIN_SIZE.columns || rows < MIN_SIZE.rows,
    bodyRows,
    listRows: Math.max(1, bodyRows - TITLE_ROWS),
    // A rule stands between them.
    listColumns: hasPreview ? columns - previewColumns - 1 : columns,
    previewColumns,
    textRows: Math.max(1, bodyRows - (hasPreview ? PREVIEW_ROWS : DETAIL_ROWS)),
    textColumns: Math.max(1, (hasPreview ? previewColumns : columns) - 2),
  };
}

function hasRoomForPreview({ columns, rows }: Size): boolean {
  return columns >= PREVIEW_SIZE.columns && rows >= PREVIEW_SIZE.rows;
}
