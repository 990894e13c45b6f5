// Draws the boxes over the screen: confirm, form, palette, help. Called by frame.ts, which puts a
// box in its place. What their keys do is in model/dialogs.ts and model/form.ts.

import { doingKey, leftText, numberToType, questionText } from "../model/acting/actions.ts";
import { attachmentsOf } from "../model/dialogs/attachments.ts";
import { VERBS } from "../model/acting/verbs.ts";
import { paletteChoices } from "../model/dialogs/palette.ts";
import { addressesOf } from "../model/dialogs/form.ts";
import type { Dialog } from "../model/dialogs/dialog.ts";
import type { State } from "../model/state.ts";
import { keyText } from "../keys/keys.ts";
import type { Caret } from "../terminal/frame_writer.ts";
import { fit, widthOf } from "../measure.ts";
import type { TextInput } from "../keys/text_input.ts";
import { helpLines } from "./help_lines.ts";
import { cell, type Line, padded, toWidth } from "./line.ts";

/** A box over the screen, as wide as its content wants. */
interface Box {
  readonly lines: readonly Line[];
  /** Where the cursor stands within it. */
  readonly caret: Caret | null;
}

const BOX_COLUMNS = 76;

/** The box of a dialog; a prompt has none: it takes the place of the line above the keys. */
export function dialogBox(state: State, dialog: Dialog): Box | null {
  const columns = Math.min(BOX_COLUMNS, state.size.columns - 2);
  switch (dialog.kind) {
    case "confirm":
      return framed(confirmLines(dialog, columns - 4), columns, null);
    case "form":
      return formBox(dialog, columns);
    case "palette":
      return paletteBox(state, dialog, columns);
    case "help":
      return framed(helpLines(state, dialog, columns - 4), columns, null);
    case "attachments":
      return framed(attachmentLines(state, dialog.chosen, columns - 4), columns, null);
    case "copy":
      return framed(
        [
          [cell("Copy", columns - 4, { isBold: true })],
          ...dialog.choices.map(({ key, what, text }): Line => [
            { text: `  ${key}  `, style: { colour: "cyan" } },
            padded(what, 18),
            cell(text.replaceAll("\n", ", "), columns - 27, { colour: "dim" }),
          ]),
          [cell("any other key closes", columns - 4, { colour: "dim" })],
        ],
        columns,
        null,
      );
    case "sure":
      return framed(
        [
          [cell(dialog.text, columns - 4, { isBold: true })],
          [],
          [cell("y does it · any other key: leave it", columns - 4)],
        ],
        columns,
        null,
      );
    case "leaving":
      return framed(leavingLines(state, columns - 4), columns, null);
    case "prompt":
      return null;
  }
}

function confirmLines(
  { verb, target, typed }: Extract<Dialog, { kind: "confirm" }>,
  columns: number,
): Line[] {
  const { count, isAll, samples } = target;
  const left = leftText(verb, target);
  const key = doingKey(verb);
  const wanted = numberToType(verb, target);
  const keys = wanted === null
    ? `${key} does it`
    : wanted === "unknown"
    ? "counting …"
    : `type ${wanted} and then ${key} to do it: ${typed}`;
  const more = [
    ...verb === "resend" ? ["u: only to those without it"] : [],
    ...verb === "resend_unsent" ? ["a: to all recipients"] : [],
    ...verb.startsWith("resend") && count === 1 && !isAll ? ["e: change recipients, sender"] : [],
  ];
  return [
    [cell(questionText(verb, target), columns, {
      isBold: true,
      ...verb === "delete" ? { colour: "red" } : {},
    })],
    ...samples.map(({ id, firstRecipient, subject }): Line => [
      { text: `  ${id.slice(0, 6)}  ` },
      padded(firstRecipient, Math.floor(columns / 3)),
      { text: "  " },
      cell(subject ?? "", columns - 12 - Math.floor(columns / 3)),
    ]),
    ...(count ?? Infinity) > samples.length ? [[{ text: "  …" }]] : [],
    ...left === "" ? [] : [[cell(left, columns, { colour: "yellow" })]],
    ...verb === "delete"
      ? [[
        cell("This cannot be taken back: undelivered mail among them is lost.", columns, {
          colour: "red",
        }),
      ]]
      : [],
    [],
    [cell(`${keys} · n, Enter, Esc: leave it`, columns)],
    ...more.length === 0 ? [] : [[cell(more.join(" · "), columns)]],
  ];
}

function attachmentLines(state: State, chosen: number, columns: number): Line[] {
  const all = attachmentsOf(state);
  const room = Math.max(1, state.size.rows - 8);
  const from = Math.max(0, Math.min(chosen - room + 1, (all?.length ?? 0) - room));
  return [
    [cell("Attachments", columns, { isBold: true })],
    ...all === null ? [[{ text: "  Reading …" }]] : [],
    ...all?.length === 0 ? [[{ text: "  This message has none." }]] : [],
    ...(all ?? []).slice(from, from + room).map(({ text }, i): Line => [
      padded(
        `${from + i === chosen ? "▸" : " "} ${text}`,
        columns,
        from + i === chosen ? { isInverse: true } : undefined,
      ),
    ]),
    [cell("⏎ save · o open with a program · any other key closes", columns, { colour: "dim" })],
  ];
}

function leavingLines({ work }: State, columns: number): Line[] {
  const text = work === null
    ? "It is done."
    : `${VERBS[work.verb].text} is at ${work.done} of ${work.of} messages.`;
  return [
    [cell(text, columns, { isBold: true })],
    [],
    [cell("s: stop here · q: stop here and leave · any other key: go on", columns)],
  ];
}

function formBox(form: Extract<Dialog, { kind: "form" }>, columns: number): Box {
  const room = columns - 4 - LABEL;
  const sender = field(form.sender, room);
  const recipients = field(form.recipients, room);
  const count = addressesOf(form).length;
  const lines: Line[] = [
    [cell(`Resend ${form.message.id} as a new message`, columns - 4, { isBold: true })],
    [],
    [label("Sender", form.field === "sender"), { text: sender.text }],
    [label("Recipients", form.field === "recipients"), { text: recipients.text }],
    [],
    form.isAsking
      ? [cell(
        `Queue it to ${count} ${
          count === 1 ? "recipient" : "recipients"
        }? y does it · n, Enter, Esc: go on editing`,
        columns - 4,
        { isBold: true },
      )]
      : [cell("Tab: other field · Enter: done · Esc: leave it", columns - 4)],
  ];
  const row = form.field === "sender" ? 3 : 4;
  const at = form.field === "sender" ? sender.caret : recipients.caret;
  return framed(lines, columns, form.isAsking ? null : { row, column: 2 + LABEL + at });
}

const LABEL = 13;

function label(text: string, isCurrent: boolean): { text: string } {
  return { text: `${isCurrent ? "▸" : " "} ${text.padEnd(LABEL - 2)}` };
}

function paletteBox(
  state: State,
  { input, chosen }: Extract<Dialog, { kind: "palette" }>,
  columns: number,
): Box {
  const choices = paletteChoices(state, input.text);
  const height = Math.max(1, Math.min(12, state.size.rows - 8));
  const from = Math.max(0, Math.min(chosen - Math.floor(height / 2), choices.length - height));
  const typed = field(input, columns - 6);
  const lines: Line[] = [
    [{ text: ": ", style: { isBold: true } }, { text: typed.text }],
    ...choices.slice(from, from + height).map(({ name, help, keys }, i): Line => {
      const style = from + i === chosen ? { isInverse: true } : undefined;
      return [
        { text: from + i === chosen ? "▸ " : "  ", style },
        padded(name, 20, style),
        padded(keys.map(keyText).join(" "), 12, style),
        padded(help, columns - 4 - 34, style),
      ];
    }),
    ...choices.length === 0 ? [[{ text: "  no such command" }]] : [],
    ...choices.length > height
      ? [[cell(`  ${chosen + 1} of ${choices.length}; PgDn PgUp move by ten`, columns - 4, {
        colour: "dim" as const,
      })]]
      : [],
  ];
  return framed(lines, columns, { row: 1, column: 4 + typed.caret });
}

/** A border around lines. */
function framed(lines: readonly Line[], columns: number, caret: Caret | null): Box {
  const rule = "─".repeat(columns - 2);
  return {
    lines: [
      [{ text: `┌${rule}┐` }],
      ...lines.map((line): Line => [
        { text: "│ " },
        ...toWidth(line, columns - 4),
        { text: " │" },
      ]),
      [{ text: `└${rule}┘` }],
    ],
    caret,
  };
}

/** The part of a text field around its cursor, and the cursor's column. */
export function field(
  { text, at }: TextInput,
  columns: number,
): { readonly text: string; readonly caret: number } {
  const before = fit(text.slice(0, at), Infinity);
  const after = fit(text.slice(at), Infinity);
  let shown = before;
  while (widthOf(shown) > columns - 1) {
    // What is typed may be long, but not so long that this is slow.
    shown = [...shown].slice(Math.max(1, Math.floor(columns / 4))).join("");
  }
  return { text: fit(shown + after, columns), caret: widthOf(shown) };
}
