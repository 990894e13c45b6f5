// The columns that the list has room for, and what stands in them. Called by list.tsx for the titles
// and by rows.ts for the rows.

import { formatAge, formatDue } from "../../../display/ages.ts";
import { type Colour, STATE_LOOKS } from "../../../display/colour.ts";
import type { MessageSummary } from "../../../queue/message.ts";
import { cutAddress } from "../../measure.ts";
import { isScheduled, reasonOf } from "../../model/list/why.ts";
import type { State } from "../../model/state.ts";

export interface Column {
  readonly title: string;
  readonly columns: number;
  readonly align?: "left" | "right";
  readonly text: (message: MessageSummary, state: State) => string;
  readonly colour?: (message: MessageSummary) => Colour | undefined;
}

/** From these widths on there is room for the tries, for the subject beside the reason, for NEXT and
 *  FROM. Who it is to and why it waits come first. */
const WITH_TRIES = 80, WITH_SUBJECT = 100, WITH_FROM = 140;

let laidOut: { readonly width: number; readonly columns: readonly Column[] } | null = null;

/** The same for the same width: drawn rows are kept by it. */
export function columnsFor(width: number): readonly Column[] {
  if (laidOut?.width !== width) laidOut = { width, columns: layOut(width) };
  return laidOut.columns;
}

function layOut(columns: number): Column[] {
  const hasSubject = columns >= WITH_SUBJECT;
  const isWide = columns >= WITH_FROM;
  const idColumns = isWide ? 12 : 6;
  const fixed: Column[] = [
    {
      title: "ST",
      columns: columns < 70 ? 10 : 12,
      text: statusText,
      colour: ({ status }) => COLOURED.has(status) ? STATE_LOOKS[status].colour : undefined,
    },
    { title: "ID", columns: idColumns, text: ({ id }) => id.slice(0, idColumns) },
    {
      title: "AGE",
      columns: 4,
      align: "right",
      text: ({ createdAt }, { now }) => formatAge(Math.min(createdAt, now), now),
    },
    ...columns >= WITH_TRIES
      ? [{ title: "TRY", columns: 5, align: "right", text: triesText } as const]
      : [],
    ...hasSubject ? [{ title: "NEXT", columns: 8, align: "right", text: nextText } as const] : [],
  ];
  const used = fixed.reduce((sum, { columns }) => sum + columns + 1, GUTTER);
  const rest = columns - used;
  const share = (part: number) => Math.floor(rest * part);
  const from = isWide ? share(0.16) : 0;
  const to = share(isWide ? 0.22 : hasSubject ? 0.3 : 0.42);
  const subject = hasSubject ? share(isWide ? 0.26 : 0.28) : 0;
  const last = rest - from - to - subject;
  return [
    ...fixed,
    ...from > 0
      ? [{
        title: "FROM",
        columns: from - 1,
        text: ({ sender }: MessageSummary) =>
          sender === "" ? "<>" : cutAddress(sender, { columns: from - 1 }),
      }]
      : [],
    { title: "TO", columns: to - 1, text: (message) => toText(message, to - 1) },
    ...subject > 0
      ? [{
        title: "SUBJECT",
        columns: subject - 1,
        text: ({ subject }: MessageSummary) => subject ?? "",
      }]
      : [],
    hasSubject
      ? { title: "WHY", columns: last, text: reasonOf }
      // One column for both: what went well is known by its subject, what did not by its reason.
      : {
        title: "WHY, OR SUBJECT",
        columns: last,
        text: (message, state) => reasonOf(message, state) || (message.subject ?? ""),
      },
  ];
}

/** Where all is well nothing is to catch the eye: a column of green would drown the red. */
const COLOURED: ReadonlySet<string> = new Set(["failed", "partial", "deferred", "held", "sending"]);

/** Cursor and mark. */
export const GUTTER = 4;

function statusText(message: MessageSummary, { now }: State): string {
  const word = isScheduled(message, now) ? "scheduled" : message.status;
  return `${STATE_LOOKS[message.status].glyph} ${word}`;
}

function triesText({ tries }: MessageSummary, { maxTries }: State): string {
  return maxTries === null ? String(tries) : `${tries}/${maxTries}`;
}

function nextText({ nextAttemptAt }: MessageSummary, { now }: State): string {
  return nextAttemptAt === null ? "" : formatDue(nextAttemptAt, now);
}

function toText({ firstRecipient, recipientsTotal }: MessageSummary, columns: number): string {
  const more = recipientsTotal > 1 ? ` +${recipientsTotal - 1}` : "";
  return cutAddress(firstRecipient, { columns: columns - more.length }) + more;
}
