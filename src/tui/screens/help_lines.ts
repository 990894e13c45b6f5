// What the help says: keys in groups, and what a filter line may hold, from the tables themselves.
// Called by dialog_lines.ts, which draws the box. Its keys are model/dialogs/help.ts's.

import { isViewCommand, type KeyBinding, keyText } from "../keys/keys.ts";
import { FIELDS } from "../model/list/filter_fields.ts";
import { TextRows } from "../model/message/text_rows.ts";
import type { Dialog } from "../model/dialogs/dialog.ts";
import { placeOf, type State } from "../model/state.ts";
import { cell, type Line, padded } from "./line.ts";

/** Columns of keys and of fields. */
const NAME = 20;

interface Entry {
  readonly group: string;
  readonly name: string;
  readonly help: string;
}

function entries(state: State): Entry[] {
  const place = placeOf(state);
  const known = state.keys.bindings
    .filter(({ isAction }) => !(state.isReadonly && isAction === true));
  // What the view has for itself comes first, what other views have comes last.
  const isElsewhere = ({ id, contexts }: KeyBinding) =>
    isViewCommand(id) && !contexts.includes(place);
  const keys = [...known.filter((one) => !isElsewhere(one)), ...known.filter(isElsewhere)]
    .map(({ id, contexts, group, keys, name, help }) => ({
      group: isViewCommand(id) ? `Only in ${contexts.join(", ")}` : group,
      name: keys.length === 0 ? `:${name}` : keys.map(keyText).join(" "),
      help,
    }));
  const fields = FIELDS.map(({ name, operators, help, values }) => ({
    group: "Filter: what / takes; ! before a word negates it, quotes keep blanks",
    name: operators.map((operator) => name + operator).join(" "),
    help: values === undefined ? help : `${help}: ${values.join(" ")}`,
  }));
  const words = {
    group: fields[0]?.group ?? "",
    name: "words",
    help: "beginnings of words in subject, addresses and Message-ID, or an id",
  };
  const order = [...new Set(keys.map(({ group }) => group))];
  return [...order.flatMap((group) => keys.filter((one) => one.group === group)), ...fields, words];
}

export function helpLines(
  state: State,
  { scroll, query, isTyping }: Extract<Dialog, { kind: "help" }>,
  columns: number,
): Line[] {
  const wanted = query.text.toLowerCase().split(/\s+/);
  const found = entries(state).filter(({ name, help, group }) =>
    wanted.every((word) => `${name} ${help} ${group}`.toLowerCase().includes(word))
  );
  const lines: Line[] = [];
  let group = "";
  for (const entry of found) {
    if (entry.group !== group) lines.push([cell(entry.group, columns, { isBold: true })]);
    group = entry.group;
    // Nothing of it is cut off.
    const rows = new TextRows({ text: entry.help, columns: columns - NAME, isWrapped: true });
    for (const [i, text] of rows.slice(0, rows.count).entries()) {
      lines.push([
        padded(i === 0 ? `  ${entry.name}` : "", NAME - 1, { colour: "cyan" }),
        { text: " " },
        cell(text, columns - NAME),
      ]);
    }
  }
  if (found.length === 0) lines.push([cell("Nothing of this is in the help.", columns)]);
  const height = Math.max(1, state.size.rows - 6);
  const from = Math.max(0, Math.min(scroll, lines.length - height));
  const place = lines.length > height
    ? `${from + 1}-${Math.min(lines.length, from + height)} of ${lines.length}, j k move · `
    : "";
  const foot = isTyping
    ? `/${query.text}▏ Enter: done · Esc: all`
    : `${place}/ searches${query.text === "" ? "" : ` (${query.text})`} · any other key closes`;
  return [
    ...lines.slice(from, from + height),
    [cell(foot, columns, { colour: "dim" })],
  ];
}
