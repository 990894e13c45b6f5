// Draws a message: what it is, its tabs, the visible rows of one. Called by frame.ts for the detail
// screen and the preview pane. What the rows are is decided in model/detail.ts.

import { formatAge, formatDue } from "../../display/ages.ts";
import { STATE_LOOKS } from "../../display/colour.ts";
import type { MessageDetail } from "../../queue/message.ts";
import { layoutOf } from "../model/layout.ts";
import { linesOf, rowsOf } from "../model/message/detail.ts";
import { type State, TABS } from "../model/state.ts";
import { cell, type Line } from "./line.ts";

/** What stands under the tabs: the visible rows of the tab. */
export function tabBody(state: State): Line[] {
  const { detail } = state;
  const { textRows, textColumns } = layoutOf(state);
  if (detail === null) return [];
  if (detail.message === "gone") return [said("This message is not in the queue any more.")];
  if (detail.tab === "Attempts") {
    if (detail.message === null) return [said("Reading …")];
    return linesOf(state).slice(detail.scroll, detail.scroll + textRows).map((line, i) => {
      const isCursor = state.screen === "detail" && detail.scroll + i === detail.cursor;
      const colour = line.state === null ? undefined : STATE_LOOKS[line.state].colour;
      return [
        { text: isCursor ? "▸" : " ", style: { isBold: true } },
        cell(line.text, textColumns, { colour, isBold: line.isBold, isInverse: isCursor }),
      ];
    });
  }
  if (detail.content === null) return [said("Reading …")];
  if ("error" in detail.content) return [said(detail.content.error)];
  const rows = rowsOf(state);
  if (rows === null) return [said(`This message has no ${detail.tab.toLowerCase()}.`)];
  const shown = rows.slice(detail.scroll, textRows).map((row): Line => [
    { text: " " },
    cell(row, textColumns),
  ]);
  const { leftOut } = detail.content;
  const isEnd = shown.length < textRows;
  return leftOut > 0 && isEnd && detail.tab === "Raw"
    ? [...shown, said(`… ${leftOut} more bytes; e shows all in $PAGER`)]
    : shown;
}

function said(text: string): Line {
  return [{ text: " " }, cell(text, 200, { colour: "dim" })];
}

/** `[Headers] Text Html Raw Attempts` */
export function tabLine({ detail }: State): Line {
  return [
    { text: " " },
    ...TABS.flatMap((tab): Line =>
      tab === detail?.tab
        ? [{ text: `[${tab}]`, style: { isBold: true } }, { text: " " }]
        : [{ text: ` ${tab} `, style: { colour: "dim" } }, { text: " " }]
    ),
  ];
}

/** What the message is, above its tabs. */
export function messageLines(state: State): Line[] {
  const { detail, size: { columns } } = state;
  const message = detail?.message;
  if (detail === null || !message) return [[{ text: ` ${detail?.id ?? ""}` }], [], []];
  if (message === "gone") return [[{ text: ` ${detail.id}` }], [], []];
  const from = message.from === null || message.from === message.sender
    ? senderText(message)
    : `${message.from} (envelope ${senderText(message)})`;
  const to = message.recipients.map(({ address }) => address).slice(0, 20).join(", ");
  return [
    headLine(message, state),
    [{ text: " From ", style: { colour: "dim" } }, cell(`${from} → ${to}`, columns - 7)],
    [
      { text: " Subj ", style: { colour: "dim" } },
      cell(message.subject ?? "", columns - 7, { isBold: true }),
    ],
  ];
}

function senderText({ sender }: MessageDetail): string {
  return sender === "" ? "<>" : sender;
}

function headLine(message: MessageDetail, { now, maxTries, size }: State): Line {
  const { glyph, colour } = STATE_LOOKS[message.status];
  const tries = maxTries === null ? String(message.tries) : `${message.tries}/${maxTries}`;
  const facts = [
    `${tries} ${maxTries === null && message.tries === 1 ? "try" : "tries"}`,
    `age ${formatAge(Math.min(message.createdAt, now), now)}`,
    `${message.sizeBytes} bytes`,
    message.priority,
    ...message.nextAttemptAt === null ? [] : [`next ${formatDue(message.nextAttemptAt, now)}`],
    ...message.tags.length === 0 ? [] : [`tags ${message.tags.join(" ")}`],
    ...message.replaces === null ? [] : [`replaces ${message.replaces}`],
    ...message.submitter === null ? [] : [`by ${message.submitter}`],
  ].join(" · ");
  return [
    { text: ` ${message.id}  `, style: { isBold: true } },
    { text: `${glyph} ${message.status}`, style: { colour } },
    cell(`  ${facts}`, size.columns - 30, { colour: "dim" }),
  ];
}
