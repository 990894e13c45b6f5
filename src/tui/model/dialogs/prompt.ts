// The line at the bottom that is typed into: filters, what is looked for in a text, a command to pipe
// to. Called by dialogs.ts and commands.ts. What a filter line means is in list/filter_text.ts. Pure.

import { errorText } from "../../../queue/errors.ts";
import { editText, textInput } from "../../keys/text_input.ts";
import type { KeyPress } from "../../terminal/key_decoder.ts";
import { type Step, step } from "../events.ts";
import { completeFilter } from "../list/filter_fields.ts";
import { EMPTY_FILTER, parseFilter } from "../list/filter_text.ts";
import { openListing } from "../list/window.ts";
import { find } from "../message/detail.ts";
import type { Dialog, PromptKind, State } from "../state.ts";

type Prompt = Extract<Dialog, { kind: "prompt" }>;

/** Lines that were typed before are kept up to so many. */
const HISTORY = 100;

export function openPrompt(state: State, prompt: PromptKind, text = "", place = 0): State {
  const dialog: Prompt = {
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

export function keyInPrompt(state: State, dialog: Prompt, key: KeyPress): Step {
  const { prompt, input } = dialog;
  const change = (some: Partial<Prompt>) =>
    step({ ...state, notice: null, dialog: { ...dialog, choices: [], ...some } });
  switch (key.name) {
    case "Esc":
      return step({ ...state, dialog: null });
    case "Enter": {
      const text = input.text.trim();
      return answer(remember({ ...state, dialog: null }, prompt, text), dialog, text);
    }
    case "Up":
    case "Down":
      return step({ ...state, dialog: fromHistory(state, dialog, key.name === "Up" ? 1 : -1) });
    case "Tab": {
      if (prompt !== "filter") return step(state);
      // What stands behind the cursor stays.
      const { text, choices } = completeFilter(input.text.slice(0, input.at), knownValues(state));
      return change({
        input: { text: text + input.text.slice(input.at), at: text.length },
        choices,
      });
    }
  }
  const edited = editText(input, key);
  return edited === null ? step(state) : change({ input: edited, back: 0, draft: edited.text });
}

/** Values of fields that the queue and the settings know. */
function knownValues({ settings, status, list }: State): Readonly<Record<string, string[]>> {
  const relays = [...settings.relays, ...status?.relays ?? []].map(({ name }) => name);
  const tags = list.rows.flatMap((row) => row.tags);
  return {
    relay: [...new Set(["default", ...relays])],
    tag: [...new Set(tags)].filter((tag) => !/[\s"]/.test(tag)),
  };
}

/** A line typed earlier, `by` further back; that which was being typed is kept, too. */
function fromHistory({ history }: State, dialog: Prompt, by: 1 | -1): Prompt {
  const lines = history[dialog.prompt];
  const back = Math.max(0, Math.min(lines.length, dialog.back + by));
  const text = back === 0 ? dialog.draft : lines.at(-back) ?? "";
  return { ...dialog, back, input: textInput(text), choices: [] };
}

function remember(state: State, prompt: PromptKind, text: string): State {
  if (text === "") return state;
  const lines = state.history[prompt].filter((line) => line !== text);
  return { ...state, history: { ...state.history, [prompt]: [...lines, text].slice(-HISTORY) } };
}

function answer(state: State, { prompt, place }: Prompt, text: string): Step {
  switch (prompt) {
    case "filter":
      return applyFilter(state, text);
    case "find":
      return find({ ...state, found: text }, text, "forward");
    case "save":
    case "open": {
      const id = state.detail?.id;
      if (text === "" || id === undefined) return step(state);
      return prompt === "save"
        ? step(state, { kind: "save", id, place, path: text })
        : step(state, { kind: "open", id, place, command: text });
    }
    case "pipe": {
      const id = state.screen === "detail"
        ? state.detail?.id
        : state.list.rows[state.list.cursor]?.id;
      return text === "" || id === undefined
        ? step(state)
        : step(state, { kind: "pipe", id, command: text });
    }
  }
}

/** Filters the list; what cannot be read is said, and stays to be mended. */
export function applyFilter(state: State, text: string): Step {
  try {
    const filter = text === "" ? EMPTY_FILTER : parseFilter(text);
    return openListing(state, { filterText: text, filter });
  } catch (error) {
    const prompted = openPrompt(state, "filter", text);
    return step({ ...prompted, notice: { text: errorText(error), isError: true } });
  }
}
