// The line at the bottom that is typed into: filters, what is looked for in a text, a command to pipe
// to, what is to be paused. Called by dialogs.ts, commands.ts and the views. What a filter line means is in list/filter_text.ts. Pure.

import { errorText } from "../../../queue/errors.ts";
import { editText, textInput } from "../../keys/text_input.ts";
import type { KeyPress } from "../../terminal/key_decoder.ts";
import { type Step, step } from "../events.ts";
import { allOf, askAbout, chosenFilter } from "../acting/actions.ts";
import { readPurge } from "../acting/purge.ts";
import { makeChange, readPause, readSuppression } from "../acting/changes.ts";
import { completeFilter } from "../list/filter_fields.ts";
import { EMPTY_FILTER, parseFilter } from "../list/filter_text.ts";
import { openListing } from "../list/window.ts";
import { find } from "../message/detail.ts";
import { filterView } from "../view.ts";
import type { Dialog, PromptKind } from "./dialog.ts";
import type { State } from "../state.ts";
import { openPrompt } from "./open_prompt.ts";

type Prompt = Extract<Dialog, { kind: "prompt" }>;

/** Lines that were typed before are kept up to so many. */
const HISTORY = 100;

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

/** What cannot be read is said, and stays to be mended. */
function answer(state: State, dialog: Prompt, text: string): Step {
  try {
    return answered(state, dialog, text);
  } catch (error) {
    const prompted = openPrompt(state, dialog.prompt, text, dialog.place);
    return step({ ...prompted, notice: { text: errorText(error), isError: true } });
  }
}

function answered(state: State, { prompt, place }: Prompt, text: string): Step {
  switch (prompt) {
    case "filter":
      return applyFilter(state, text);
    case "view_filter":
      return filterView(state, text);
    case "find":
      return find({ ...state, found: text }, text, "forward");
  }
  if (text === "") return step(state);
  switch (prompt) {
    case "save":
    case "open": {
      const id = state.detail?.id;
      if (id === undefined) return step(state);
      return prompt === "save"
        ? step(state, { kind: "save", id, place, path: text })
        : step(state, { kind: "open", id, place, command: text });
    }
    case "pipe": {
      const id = state.screen === "detail"
        ? state.detail?.id
        : state.list.rows[state.list.cursor]?.id;
      return id === undefined ? step(state) : step(state, { kind: "pipe", id, command: text });
    }
    case "pause":
      return makeChange(state, readPause(text, state.settings.relays.map(({ name }) => name)));
    case "suppress":
      return makeChange(state, readSuppression(text));
    case "purge": {
      const filter = readPurge(text, state.now);
      return askAbout(state, "purge", allOf(filter));
    }
    case "export":
      return step(
        { ...state, working: state.working + 1 },
        { kind: "export", filter: chosenFilter(state), path: text },
      );
    case "import":
      return step({ ...state, working: state.working + 1 }, { kind: "import", path: text });
  }
}

/** Filters the list. Throws `usage` for what cannot be read. */
export function applyFilter(state: State, text: string): Step {
  const filter = text === "" ? EMPTY_FILTER : parseFilter(text);
  return openListing(state, { filterText: text, filter });
}
