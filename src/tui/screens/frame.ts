// Makes a whole frame of a state: header, body, footer, and the box over them. Called by
// session.tsx after every event. The parts are drawn by the other files here; the terminal is not
// known here.

import type { Caret } from "../terminal/frame_writer.ts";
import { TextRows } from "../model/message/text_rows.ts";
import { filterHint } from "../model/list/filter_fields.ts";
import { layoutOf, MIN_SIZE } from "../model/layout.ts";
import type { Dialog, PromptKind } from "../model/dialogs/dialog.ts";
import type { State } from "../model/state.ts";
import { messageLines, tabBody, tabLine } from "./detail_lines.ts";
import { dialogBox, field } from "./dialog_lines.ts";
import { footerLines, noticeLine } from "./footer_lines.ts";
import { headerLines } from "./header_lines.ts";
import { cell, type Line, toWidth } from "./line.ts";
import { listLines } from "./list_lines.ts";
import { viewLines } from "./view_lines.ts";

/** A whole screen. */
interface Frame {
  readonly lines: readonly Line[];
  readonly caret: Caret | null;
}

/** What the screen shows of a state: exactly as many lines as it has rows. */
export function frameOf(state: State): Frame {
  const layout = layoutOf(state);
  const { columns, rows } = state.size;
  if (layout.isTooSmall) return { lines: tooSmall(state), caret: null };
  const header = headerLines(state);
  const footer = footerLines(state);
  const body = bodyOf(state).slice(0, layout.bodyRows);
  while (body.length < layout.bodyRows) body.push([]);
  const lines = [...header, ...body, ...footer];
  const { dialog } = state;
  if (dialog === null) return { lines, caret: null };
  if (dialog.kind === "prompt") return withPrompt(lines, dialog, state);
  const box = dialogBox(state, dialog);
  if (box === null) return { lines, caret: null };
  const shown = box.lines.slice(0, rows);
  const top = Math.max(0, Math.floor((rows - shown.length) / 2));
  const left = Math.max(0, Math.floor((columns - lineColumns(shown)) / 2));
  for (const [i, line] of shown.entries()) {
    lines[top + i] = toWidth([{ text: " ".repeat(left) }, ...line], columns);
  }
  const { caret } = box;
  return {
    lines,
    caret: caret === null ? null : { row: top + caret.row, column: left + caret.column },
  };
}

function lineColumns([first]: readonly Line[]): number {
  // The border's top is as wide as all of the box, and has nothing but single columns.
  return first?.[0]?.text.length ?? 0;
}

function bodyOf(state: State): Line[] {
  switch (state.screen) {
    case "list":
      return layoutOf(state).previewColumns > 0 ? withPreview(state) : listLines(state);
    case "detail":
      return [...messageLines(state), tabLine(state), ...tabBody(state)];
    case "view":
      return viewLines(state);
  }
}

/** The list at the left, the message under its cursor at the right. */
function withPreview(state: State): Line[] {
  const { listColumns, previewColumns, bodyRows } = layoutOf(state);
  const left = listLines(state);
  const message = state.detail?.message;
  const subject = message === null || message === undefined || message === "gone"
    ? ""
    : message.subject ?? "";
  const right: Line[] = [
    tabLine(state),
    [{ text: " " }, cell(subject, previewColumns - 1, { isBold: true })],
    ...tabBody(state),
  ];
  return Array.from({ length: bodyRows }, (_, i) => [
    ...toWidth(left[i] ?? [], listColumns),
    { text: "│", style: { colour: "dim" as const } },
    ...toWidth(right[i] ?? [], previewColumns),
  ]);
}

const HINT_ROWS = 3;
const PROMPT_KEYS = " Tab completes  ↑ earlier filters  ⏎ filter  Esc leaves it";

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

/** The prompt stands in the place of what there is to say, or above it if that is an error. */
function withPrompt(
  lines: Line[],
  { prompt, input, choices }: Extract<Dialog, { kind: "prompt" }>,
  state: State,
): Frame {
  const { columns, rows } = state.size;
  const { label, hint: told = null } = PROMPTS[prompt];
  const typed = field(input, columns - label.length - 2);
  const row = rows - 2;
  const hint = choices.length > 0
    ? choices.join("  ")
    : prompt === "filter"
    ? filterHint(input.text.slice(0, input.at))
    : told;
  const notice = noticeLine(state);
  if (notice !== null) lines[row - 1] = notice;
  else if (hint !== null) {
    const rows = new TextRows({ text: hint, columns: columns - 2, isWrapped: true });
    for (const [i, text] of rows.slice(0, HINT_ROWS).toReversed().entries()) {
      lines[row - 1 - i] = [cell(` ${text}`, columns, { colour: "cyan" })];
    }
  }
  if (prompt === "filter") {
    lines[rows - 1] = [cell(PROMPT_KEYS, columns, { colour: "dim" })];
  }
  lines[row] = [{ text: ` ${label}`, style: { isBold: true } }, { text: typed.text }];
  return { lines, caret: { row, column: 1 + label.length + typed.caret } };
}

function tooSmall({ size }: State): Line[] {
  const text = [
    `mailq needs ${MIN_SIZE.columns}x${MIN_SIZE.rows}`,
    `this is ${size.columns}x${size.rows}`,
    "q quits",
  ];
  return Array.from({ length: size.rows }, (_, i) => [cell(text[i] ?? "", size.columns)]);
}
