// What a view of the screen is: rows made of what was read, and what can be done with the row under
// the cursor. Each view has a file of its own here; views.ts knows them all. The cursor and scrolling
// are the same in all of them: model/view.ts.

import type { ScreenFilter } from "../data/data.ts";
import type { ViewData, ViewName } from "../data/views/view_data.ts";
import type { ViewCommandId } from "../keys/keys.ts";
import type { Step } from "../model/events.ts";
import type { State } from "../model/state.ts";
import type { Line } from "../screens/line.ts";

/** A row of a view. */
export interface ViewRow {
  readonly line: Line;
  /** Tells the row from others when the view is read anew; the cursor passes by rows without one. */
  readonly key?: string;
}

export interface View<Name extends ViewName> {
  /** What the palette and the tabs call it. */
  readonly title: string;
  readonly rows: (data: ViewData[Name], look: ViewLook) => readonly ViewRow[];
  /** The commands that the view has for itself; `key` is the cursor's row, null where there is none. */
  readonly commands?: {
    readonly [Id in ViewCommandId]?: (
      state: State,
      key: string | null,
      data: ViewData[Name],
    ) => Step;
  };
  /** Enter on a row. */
  readonly open?: (state: State, data: ViewData[Name], key: string) => Step;
  /** The messages that retry, hold and so on are for, with the cursor on a row; null where there are
   *  none. */
  readonly messages?: (data: ViewData[Name], key: string) => ScreenFilter | null;
}

/** What rows depend on besides what was read. */
interface ViewLook {
  readonly state: State;
  readonly columns: number;
}
