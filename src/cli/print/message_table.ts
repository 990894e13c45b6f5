// Prints messages as a table, or each as a line of JSON. Called by `list` and `send --dry-run`. How
// wide columns are is src/display/table.ts's, why a message waits src/display/reasons.ts's.

import type { Hindrances } from "../../app/status/hindrances.ts";
import { formatAge } from "../../display/ages.ts";
import { paint, STATE_LOOKS } from "../../display/colour.ts";
import { whyIs } from "../../display/reasons.ts";
import { sanitise } from "../../display/sanitise.ts";
import { type Cell, type Column, layOutTable, type Table } from "../../display/table.ts";
import type { MessageSummary } from "../../queue/message.ts";
import type { Output } from "../frame/output.ts";
import { messageShape } from "./json_shapes.ts";

const COLUMNS: readonly Column[] = [
  { title: "ID", min: 12 },
  { title: "STATUS", min: 6 },
  { title: "AGE", align: "right", min: 3 },
  { title: "TRIES", align: "right", min: 5, rank: 2 },
  { title: "NEXT", align: "right", min: 6, rank: 1 },
  { title: "FROM", min: 8, max: 30, rank: 4 },
  { title: "TO", min: 10, max: 34 },
  { title: "SUBJECT", min: 8, max: 50, rank: 3 },
];
const WHY: Column = { title: "WHY", min: 10 };
/** The columns where the reason stands beside them, and is what people look for. */
const NARROWED = COLUMNS.map((column) => ({ ...column, max: Math.min(column.max ?? 24, 24) }));
/** Rows that the widths are measured by, and that are printed at once. */
const PAGE = 200;
/** From this width on the reason stands in a column, else on a line of its own. */
const WIDE = 140;

/** What the columns of a table depend on, besides the messages. */
export interface Moment {
  readonly now: number;
  readonly isPaused: boolean;
  /** What keeps queued messages back; absent = not looked at. */
  readonly hindrances?: Hindrances;
}

/** Prints messages as they come, and returns how many there were: a table with the reason each
 *  waits or ended so, or JSON. */
export async function printMessages(
  output: Output,
  messages: AsyncIterable<MessageSummary>,
  moment: Moment,
): Promise<number> {
  let printed = 0;
  if (output.isJson) {
    for await (const message of messages) {
      output.json(messageShape(message));
      printed++;
    }
    return printed;
  }
  const { columns: width } = output;
  const hasColumn = width === null || width >= WIDE;
  let table: Table | null = null;
  let page: MessageSummary[] = [];
  const print = async () => {
    const rows = page.map((message) =>
      row(message, { ...moment, hasColumn, usesColor: output.usesColor })
    );
    if (table === null) {
      table = await layOutTable(hasColumn ? [...NARROWED, WHY] : COLUMNS, rows, width);
      output.line(paint(table.header, "bold", output));
    }
    for (const [i, line] of (await table.lines(rows)).entries()) {
      output.line(line);
      const message = page[i];
      const why = hasColumn || message === undefined ? "" : whyIs(message, moment);
      if (why !== "") output.line(`    ${paint(sanitise(why), "dim", output)}`);
    }
    page = [];
  };
  for await (const message of messages) {
    printed++;
    if (page.push(message) >= PAGE) await print();
  }
  if (page.length > 0) await print();
  return printed;
}

interface RowOptions extends Moment {
  readonly hasColumn: boolean;
  readonly usesColor: boolean;
}

function row(
  message: MessageSummary,
  { hasColumn, usesColor, ...moment }: RowOptions,
): Cell[] {
  const { now } = moment;
  const { colour } = STATE_LOOKS[message.status];
  const more = message.recipientsTotal - 1;
  const cells: Cell[] = [
    message.id,
    { text: message.status, style: (text) => paint(text, colour, { usesColor }) },
    formatAge(message.createdAt, now),
    String(message.tries),
    message.nextAttemptAt === null ? "" : dueText(message.nextAttemptAt, now),
    message.sender === "" ? "<>" : message.sender,
    message.firstRecipient + (more > 0 ? ` +${more}` : ""),
    message.subject ?? "",
  ];
  if (hasColumn) cells.push(whyIs(message, moment));
  return cells;
}

function dueText(at: number, now: number): string {
  return at <= now ? "due" : formatAge(at, now);
}
