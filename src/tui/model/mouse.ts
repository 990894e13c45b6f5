// What the mouse does: a click puts the cursor on a row, or opens it where the cursor stands there already;
// the wheel moves. Called by update.ts. Pure.

import type { KeyPress } from "../terminal/key_decoder.ts";
import { runCommand } from "./commands.ts";
import { keyInDialog } from "./dialogs/dialogs.ts";
import { type Step, step, then } from "./events.ts";
import { HEADER_ROWS, layoutOf, TITLE_ROWS } from "./layout.ts";
import { moveBy } from "./list/window.ts";
import { follow } from "./message/detail.ts";
import type { State } from "./state.ts";
import { pointAt } from "./view.ts";

/** Rows that the wheel goes on. */
const WHEEL = 3;

/** Null for a key that is none of the mouse's. */
export function mouseUsed(state: State, { name, at }: KeyPress): Step | null {
  switch (name) {
    case "WheelUp":
      return wheel(state, "Up");
    case "WheelDown":
      return wheel(state, "Down");
    case "Click":
      // A box is left by its keys: a click beside it may be meant for what is below.
      return at === undefined || state.dialog !== null ? step(state) : clicked(state, at);
    default:
      // Other buttons, and releases.
      return at === undefined ? null : step(state);
  }
}

function wheel(state: State, key: "Up" | "Down"): Step {
  let moved: Step = step(state);
  for (let i = 0; i < WHEEL; i++) moved = then(moved, (now) => turned(now, key));
  return moved;
}

function turned(state: State, key: "Up" | "Down"): Step {
  return state.dialog === null
    ? run(state, key === "Up" ? "up" : "down")
    : keyInDialog(state, state.dialog, { name: key, text: null }, runCommand);
}

function clicked(state: State, at: { readonly row: number; readonly column: number }): Step {
  const row = at.row - HEADER_ROWS;
  const layout = layoutOf(state);
  if (row < 0 || row >= layout.bodyRows) return step(state);
  switch (state.screen) {
    case "list": {
      const place = state.list.top + row - TITLE_ROWS;
      const isRow = row >= TITLE_ROWS && at.column < layout.listColumns;
      if (!isRow || place >= state.list.rows.length) return step(state);
      return place === state.list.cursor
        ? run(state, "open")
        : then(moveBy(state, place - state.list.cursor), follow);
    }
    case "view": {
      const pointed = pointAt(state, row);
      return pointed === "here" ? run(state, "open") : step(pointed);
    }
    case "detail":
      return step(state);
  }
}

function run(state: State, id: "up" | "down" | "open"): Step {
  const binding = state.keys.bindings.find((one) => one.id === id);
  return binding === undefined ? step(state) : runCommand(state, binding);
}
