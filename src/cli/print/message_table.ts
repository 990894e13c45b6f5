import { formatAge } from "../../display/ages.ts";
import { paint, STATE_LOOKS } from "../../display/colour.ts";
import { whyIs } from "../../display/reasons.ts";
import { sanitise } from "../../display/sanitise.ts";
import { type Cell, type Column, layOutTable, type Table } from "../../display/table.ts";
import type { MessageSummary } from "../../queue/message.ts";
import type { Context } from "../frame/context.ts";
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

/** Prints messages as they come: a table with the reason each waits or ended so, or JSON. */
export async function tellMessages(
  context: Context,
  messages: AsyncIterable<MessageSummary>,
  isPaused = false,
): Promise<number> {
  const { output } = context;
  let told = 0;
  if (output.isJson) {
    for await (const message of messages) {
      output.json(messageShape(message));
      told++;
    }
    return told;
  }
  const { columns: width } = output;
  const hasColumn = width === null || width >= WIDE;
  let table: Table | null = null;
  let page: MessageSummary[] = [];
  const print = async () => {
    const rows = page.map((message) => row(context, message, hasColumn, isPaused));
    if (table === null) {
      table = await layOutTable(hasColumn ? [...NARROWED, WHY] : COLUMNS, rows, width);
      output.line(paint(table.header, "bold", output.usesColor));
    }
    for (const [i, line] of (await table.lines(rows)).entries()) {
      output.line(line);
      const message = page[i];
      const why = hasColumn || message === undefined ? "" : whyIs(message, isPaused);
      if (why !== "") output.line(`    ${paint(sanitise(why), "dim", output.usesColor)}`);
    }
    page = [];
  };
  for await (const message of messages) {
    told++;
    if (page.push(message) >= PAGE) await print();
  }
  if (page.length > 0) await print();
  return told;
}

function row(
  context: Context,
  message: MessageSummary,
  hasColumn: boolean,
  isPaused: boolean,
): Cell[] {
  const now = context.now();
  const { colour } = STATE_LOOKS[message.status];
  const more = message.recipientsTotal - 1;
  const cells: Cell[] = [
    message.id,
    { text: message.status, style: (text) => paint(text, colour, context.output.usesColor) },
    formatAge(message.createdAt, now),
    String(message.tries),
    message.nextAttemptAt === null ? "" : dueText(message.nextAttemptAt, now),
    message.sender === "" ? "<>" : message.sender,
    message.firstRecipient + (more > 0 ? ` +${more}` : ""),
    message.subject ?? "",
  ];
  if (hasColumn) cells.push(whyIs(message, isPaused));
  return cells;
}

function dueText(at: number, now: number): string {
  return at <= now ? "due" : formatAge(at, now);
}
