// A line that is typed at the bottom: a filter, a search, a command. Part of screen.tsx, in the
// footer's place; what may be typed, or what was wrong with it, stands above. Its keys are
// model/dialogs/prompt.ts's.

import { Box } from "ink";
import { filterHint } from "../model/list/filter_fields.ts";
import { TextRows } from "../model/message/text_rows.ts";
import type { Dialog, PromptKind } from "../model/dialogs/dialog.ts";
import type { State } from "../model/state.ts";
import { KeyHints } from "./key_hints.tsx";
import { Notice } from "./notice.tsx";
import { TextField } from "./text_field.tsx";
import { Words } from "./words.tsx";

type PromptDialog = Extract<Dialog, { kind: "prompt" }>;

const HINT_ROWS = 3;
const KEYS = " Tab completes  ↑ earlier filters  ⏎ filter  Esc leaves it";

interface PromptTexts {
  readonly label: string;
  /** What may be typed, where the label does not tell it. */
  readonly hint?: string;
}

const PROMPTS: Readonly<Record<PromptKind, PromptTexts>> = {
  filter: { label: "/" },
  find: { label: "find: " },
  pipe: { label: "| " },
  save: { label: "save as: " },
  open: { label: "open with: " },
  view_filter: { label: "/", hint: "words that rows must hold; ! before one negates it" },
  pause: {
    label: "pause ",
    hint:
      "relay:NAME, sender:ADDRESS, domain:DOMAIN or tag:TAG, then perhaps how long (30m, 2h), " +
      "then perhaps why",
  },
  suppress: { label: "never send to ", hint: "addresses with blanks between, then perhaps why" },
  purge: {
    label: "purge what ended before ",
    hint: "how old (90d, 12h), then perhaps which: sent (otherwise), partial, failed, cancelled, " +
      "suppressed, all",
  },
  export: { label: "export to ", hint: "a new file NAME.mbox, or a folder for .eml files" },
  import: { label: "import the file ", hint: "one address a line; # begins a comment" },
};

export function Prompt(
  { state, dialog }: { readonly state: State; readonly dialog: PromptDialog },
) {
  const label = ` ${PROMPTS[dialog.prompt].label}`;
  const { columns } = state.size;
  return (
    <Box flexDirection="column" flexShrink={0}>
      {state.notice === null
        ? hintRows(dialog, columns - 2).map((text, i) => (
          <Words key={i} colour="cyan">{` ${text}`}</Words>
        ))
        : <Notice notice={state.notice} />}
      <Box height={1}>
        <Box flexShrink={0}>
          <Words isBold>{label}</Words>
        </Box>
        <TextField input={dialog.input} columns={columns - label.length - 1} />
      </Box>
      {dialog.prompt === "filter" ? <Words colour="dim">{KEYS}</Words> : <KeyHints state={state} />}
    </Box>
  );
}

function hintRows({ prompt, input, choices }: PromptDialog, columns: number): readonly string[] {
  const hint = choices.length > 0
    ? choices.join("  ")
    : prompt === "filter"
    ? filterHint(input.text.slice(0, input.at))
    : PROMPTS[prompt].hint ?? null;
  return hint === null
    ? []
    : new TextRows({ text: hint, columns, isWrapped: true }).slice(0, HINT_ROWS);
}
