// The palette: commands found by their names. Called by dialogs.ts; the box reads which there are.
// What a command does is given by the caller. Pure.

import type { KeyBinding } from "../../keys/keys.ts";
import { editText } from "../../keys/text_input.ts";
import type { KeyPress } from "../../terminal/key_decoder.ts";
import { type Step, step } from "../events.ts";
import type { Dialog } from "./dialog.ts";
import { placeOf, type State } from "../state.ts";

type Palette = Extract<Dialog, { kind: "palette" }>;
type RunCommand = (state: State, binding: KeyBinding) => Step;

const PAGE = 10;
/** Nobody looks for the keys that move the cursor by their names. */
const GROUPS: readonly KeyBinding["group"][] = ["Act", "Views", "Look", "Mark", "Program", "Move"];

/** Commands whose names hold all that was typed, those that begin with it first. */
export function paletteChoices(state: State, text: string): readonly KeyBinding[] {
  const wanted = text.trim().toLowerCase();
  const all = state.keys.in(placeOf(state), state).filter(({ id }) => id !== "palette");
  const held = all.filter(({ name, help }) =>
    wanted.split(/\s+/).every((word) => name.includes(word) || help.includes(word))
  );
  const rank = ({ name }: KeyBinding) =>
    name === wanted ? 0 : name.startsWith(wanted) ? 1 : name.includes(wanted) ? 2 : 3;
  const place = ({ group }: KeyBinding) => GROUPS.indexOf(group);
  return held.toSorted((a, b) => rank(a) - rank(b) || place(a) - place(b));
}

export function keyInPalette(
  state: State,
  dialog: Palette,
  key: KeyPress,
  run: RunCommand,
): Step {
  const choices = paletteChoices(state, dialog.input.text);
  const choose = (by: number) =>
    step({
      ...state,
      dialog: {
        ...dialog,
        chosen: Math.max(0, Math.min(choices.length - 1, dialog.chosen + by)),
      },
    });
  switch (key.name) {
    case "Esc":
    case "Ctrl-c":
      return step({ ...state, dialog: null });
    case "Enter": {
      const choice = choices[dialog.chosen];
      return choice === undefined
        ? step({ ...state, dialog: null })
        : run({ ...state, dialog: null }, choice);
    }
    case "Down":
    case "Tab":
    case "Ctrl-n":
      return choose(1);
    case "PgDn":
    case "Ctrl-f":
      return choose(PAGE);
    case "PgUp":
    case "Ctrl-b":
      return choose(-PAGE);
    case "Up":
    case "Shift-Tab":
    case "Ctrl-p":
      return choose(-1);
  }
  const edited = editText(dialog.input, key);
  if (edited === null) return step(state);
  return step({ ...state, dialog: { ...dialog, input: edited, chosen: 0 } });
}
