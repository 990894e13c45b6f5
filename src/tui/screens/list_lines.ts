// Draws the list: titles and rows, with the columns there is room for. Called by frame.ts. Which
// rows there are is decided in model/list.ts.

import { formatAge, formatDue } from "../../display/ages.ts";
import { STATE_LOOKS } from "../../display/colour.ts";
import type { MessageSummary } from "../../queue/message.ts";
import { layoutOf } from "../model/layout.ts";
import { isMarked, type State } from "../model/state.ts";
import { type Line, padded, type Style } from "./line.ts";

interface Column {
  readonly title: string;
  readonly columns: number;
  readonly align?: "left" | "right";
  readonly text: (message: MessageSummary, state: State) => string;
}

/** From this width on there is room for FROM and NEXT. */
const WIDE = 100;

function columnsFor(columns: number): Column[] {
  const isWide = columns >= WIDE;
  const state: Column = {
    title: "ST",
    columns: columns < 70 ? 9 : 12,
    text: ({ status }) => `${STATE_LOOKS[status].glyph} ${status}`,
  };
  const fixed: Column[] = [
    state,
    { title: "ID", columns: isWide ? 12 : 6, text: ({ id }) => id.slice(0, isWide ? 12 : 6) },
    {
      title: "AGE",
      columns: 4,
      align: "right",
      text: ({ createdAt }, { now }) => formatAge(Math.min(createdAt, now), now),
    },
    { title: "TRY", columns: 5, align: "right", text: triesText },
    ...isWide ? [{ title: "NEXT", columns: 8, align: "right", text: nextText } as const] : [],
  ];
  const used = fixed.reduce((sum, { columns }) => sum + columns + 1, GUTTER);
  const rest = columns - used;
  const from = isWide ? Math.floor(rest * 0.25) : 0;
  const to = Math.floor((rest - from) * (isWide ? 0.4 : 0.46));
  return [
    ...fixed,
    ...from > 0
      ? [{
        title: "FROM",
        columns: from - 1,
        text: ({ sender }: MessageSummary) => sender === "" ? "<>" : sender,
      }]
      : [],
    { title: "TO", columns: to - 1, text: toText },
    { title: "SUBJECT", columns: rest - from - to, text: ({ subject }) => subject ?? "" },
  ];
}

function gap(i: number, columns: readonly Column[]): string {
  return i === columns.length - 1 ? "" : " ";
}

/** Cursor and mark. */
const GUTTER = 4;

function triesText({ tries }: MessageSummary, { maxTries }: State): string {
  return maxTries === null ? String(tries) : `${tries}/${maxTries}`;
}

function nextText({ nextAttemptAt }: MessageSummary, { now }: State): string {
  return nextAttemptAt === null ? "" : formatDue(nextAttemptAt, now);
}

function toText({ firstRecipient, recipientsTotal }: MessageSummary): string {
  return recipientsTotal > 1 ? `${firstRecipient} +${recipientsTotal - 1}` : firstRecipient;
}

/** The list's titles and rows. */
export function listLines(state: State): Line[] {
  const { listColumns, listRows } = layoutOf(state);
  const columns = columnsFor(listColumns);
  const { list } = state;
  const title: Line = [
    { text: " ".repeat(GUTTER) },
    ...columns.flatMap(({ title, columns: width, align }, i) => [
      padded(title, width, { colour: "dim" }, align),
      { text: gap(i, columns) },
    ]),
  ];
  const shown = list.rows.slice(list.top, list.top + listRows);
  if (shown.length === 0) return [title, [], emptyLine(state)];
  return [
    title,
    ...shown.map((message, i) =>
      rowLine(state, message, { columns, isCursor: list.top + i === list.cursor })
    ),
  ];
}

function emptyLine({ list, status }: State): Line {
  const text = list.isLoading
    ? "Reading …"
    : status === null || list.filterText === "" && list.view === 0
    ? "No messages. `mailq enqueue` puts mail in."
    : "No message matches. \\ clears the filter, 1 shows all.";
  return [{ text: `    ${text}`, style: { colour: "dim" } }];
}

function rowLine(
  state: State,
  message: MessageSummary,
  { columns, isCursor }: { readonly columns: readonly Column[]; readonly isCursor: boolean },
): Line {
  const base: Style | undefined = isCursor ? { isInverse: true } : undefined;
  const mark = isMarked(state.list, message.id) ? "●" : " ";
  return [
    { text: `${isCursor ? "▸" : " "} ${mark} `, style: base },
    ...columns.flatMap(({ title, columns: width, align, text }, i) => {
      const colour = title === "ST" ? STATE_LOOKS[message.status].colour : undefined;
      const style = colour === undefined ? base : { ...base, colour };
      return [padded(text(message, state), width, style, align), {
        text: gap(i, columns),
        style: base,
      }];
    }),
  ];
}
