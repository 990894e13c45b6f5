// The help: its keys. Called by dialogs.ts; what it says is put together by help.tsx of the screens from
// the tables of keys and of filter fields. Pure.

import { editText, textInput } from "../../keys/text_input.ts";
import type { KeyPress } from "../../terminal/key_decoder.ts";
import { type Step, step } from "../events.ts";
import type { Dialog } from "./dialog.ts";
import type { State } from "../state.ts";

type Help = Extract<Dialog, { kind: "help" }>;

const MOVES: Readonly<Record<string, number>> = {
  j: 1,
  Down: 1,
  k: -1,
  Up: -1,
  PgDn: 10,
  Space: 10,
  "Ctrl-d": 10,
  PgUp: -10,
  "Ctrl-u": -10,
  g: -1_000,
  G: 1_000,
};

/** The box is no longer than this whatever it holds; it stops at its end by itself. */
const MOST = 400;

export function keyInHelp(state: State, dialog: Help, key: KeyPress): Step {
  const change = (some: Partial<Help>) => step({ ...state, dialog: { ...dialog, ...some } });
  if (dialog.isTyping) {
    if (key.name === "Enter") return change({ isTyping: false });
    if (key.name === "Esc") return change({ isTyping: false, query: textInput() });
    const query = editText(dialog.query, key);
    return query === null ? step(state) : change({ query, scroll: 0 });
  }
  if (key.name === "/") return change({ isTyping: true, scroll: 0 });
  const by = MOVES[key.name];
  if (by === undefined) return step({ ...state, dialog: null });
  return change({ scroll: Math.max(0, Math.min(dialog.scroll + by, MOST)) });
}
