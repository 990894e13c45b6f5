// What a command of mailq prints that was run from the screen: `send`, `doctor`. It stays to be read until
// the next one is run.

import { TextRows } from "../model/message/text_rows.ts";
import { step } from "../model/events.ts";
import { said, title } from "./rows.ts";
import type { View, ViewRow } from "./view.ts";

export const outputView: View<"output"> = {
  title: "Output",
  rows({ command, lines, status }, { columns }) {
    if (command === null) return [said("no command was run from here yet")];
    return [
      title(command),
      ...lines.flatMap((line): ViewRow[] => {
        const rows = new TextRows({ text: line, columns: columns - 3, isWrapped: true });
        return rows.slice(0, rows.count).map((text) => ({ line: [{ text: `  ${text}` }] }));
      }),
      said(status === null ? "running …" : `ended with ${status}`),
    ];
  },
  commands: {
    stop_program: (state, _, { status, command }) =>
      status === null && command !== null ? step(state, { kind: "stop_program" }) : step(state),
  },
};
