// The settings in force and where each is from, secrets masked. They are those of when the screen was
// opened.

import { holdsWords } from "../data/views/words.ts";
import { openPrompt } from "../model/dialogs/open_prompt.ts";
import { step } from "../model/events.ts";
import { rowOf, said, title } from "./rows.ts";
import type { View, ViewRow } from "./view.ts";

const NAME = 24;

export const settingsView: View<"settings"> = {
  title: "Settings",
  rows(_, { state, columns }) {
    const query = state.view?.query ?? "";
    const shown = state.entries.filter(({ name, value, origin }) =>
      holdsWords(query, `${name} ${value} ${origin}`)
    );
    const origin = Math.floor((columns - NAME) * 0.4);
    return [
      title("Settings as the screen found them, and their source"),
      ...shown.length === 0 ? [said("none matches")] : [],
      ...shown.map((entry): ViewRow => ({
        key: entry.name,
        line: rowOf(columns, [
          [entry.name, NAME],
          [entry.value, null, { isBold: entry.origin !== "default" }],
          [entry.origin, origin, { colour: "dim" }],
        ]),
      })),
    ];
  },
  commands: {
    filter_view: (state) => step(openPrompt(state, "view_filter", state.view?.query ?? "")),
  },
};
