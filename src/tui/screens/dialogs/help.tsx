// The help: keys in groups, and what a filter line may hold, from the tables themselves. Part of
// dialog.tsx. Its keys are model/dialogs/help.ts's.

import { Box } from "ink";
import { isViewCommand, type KeyBinding, keyText } from "../../keys/keys.ts";
import { FIELDS } from "../../model/list/filter_fields.ts";
import { TextRows } from "../../model/message/text_rows.ts";
import type { Dialog } from "../../model/dialogs/dialog.ts";
import { placeOf, type State } from "../../model/state.ts";
import { Words } from "../words.tsx";

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

/** A row of the help: a group's name, or what a key does, whose name stands in the first of its rows. */
interface HelpRow {
  readonly group: string | null;
  readonly name: string;
  readonly text: string;
}

function rowsOf(found: readonly Entry[], columns: number): HelpRow[] {
  const rows: HelpRow[] = [];
  let group = "";
  for (const entry of found) {
    if (entry.group !== group) rows.push({ group: entry.group, name: "", text: "" });
    group = entry.group;
    // Nothing of it is cut off.
    const wrapped = new TextRows({ text: entry.help, columns: columns - NAME, isWrapped: true });
    for (const [i, text] of wrapped.slice(0, wrapped.count).entries()) {
      rows.push({ group: null, name: i === 0 ? entry.name : "", text });
    }
  }
  return rows;
}

interface HelpProps {
  readonly state: State;
  readonly dialog: Extract<Dialog, { kind: "help" }>;
  readonly columns: number;
}

export function Help({ state, dialog, columns }: HelpProps) {
  const { query, isTyping } = dialog;
  const wanted = query.text.toLowerCase().split(/\s+/);
  const found = entries(state).filter(({ name, help, group }) =>
    wanted.every((word) => `${name} ${help} ${group}`.toLowerCase().includes(word))
  );
  const rows = rowsOf(found, columns);
  const height = Math.max(1, state.size.rows - 6);
  const from = Math.max(0, Math.min(dialog.scroll, rows.length - height));
  const place = rows.length > height
    ? `${from + 1}-${Math.min(rows.length, from + height)} of ${rows.length}, j k move · `
    : "";
  return (
    <>
      {rows.slice(from, from + height).map((row, i) =>
        row.group === null
          ? <EntryRow key={from + i} name={row.name} text={row.text} />
          : <Words key={from + i} isBold>{row.group}</Words>
      )}
      {found.length === 0 && <Words>Nothing of this is in the help.</Words>}
      <Words colour="dim">
        {isTyping
          ? `/${query.text}▏ Enter: done · Esc: all`
          : `${place}/ searches${
            query.text === "" ? "" : ` (${query.text})`
          } · any other key closes`}
      </Words>
    </>
  );
}

function EntryRow({ name, text }: Pick<HelpRow, "name" | "text">) {
  return (
    <Box height={1}>
      <Box width={NAME} paddingLeft={2} paddingRight={1} flexShrink={0}>
        <Words colour="cyan">{name}</Words>
      </Box>
      <Words>{text}</Words>
    </Box>
  );
}
