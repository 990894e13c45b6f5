// Opens the line at the bottom that is typed into. Called by commands.ts, prompt.ts and the views; what
// its keys do is prompt.ts's. Pure.

import { textInput } from "../../keys/text_input.ts";
import type { Dialog, PromptKind } from "./dialog.ts";
import type { State } from "../state.ts";

export function openPrompt(state: State, prompt: PromptKind, text = "", place = 0): State {
  const dialog: Extract<Dialog, { kind: "prompt" }> = {
    kind: "prompt",
    prompt,
    input: textInput(text),
    choices: [],
    back: 0,
    draft: text,
    place,
  };
  return { ...state, notice: null, dialog };
}
