// Draws the two lines at the top: what matters of the queue, the views and the filter. Called by
// frame.ts. What is wrong is told by model/trouble.ts.

import { formatAge } from "../../display/ages.ts";
import { formatTimeOfDay } from "../../display/timestamps.ts";
import { markedCount } from "../model/list/marks.ts";
import { rateOf } from "../model/rate.ts";
import { type State, VIEWS } from "../model/state.ts";
import { type Trouble, troublesOf } from "../model/trouble.ts";
import { viewOf } from "../views/views.ts";
import { cell, leftAndRight, type Line, lineWidth, type Span, type Style } from "./line.ts";

/** The two lines at the top. */
export function headerLines(state: State): Line[] {
  const { columns } = state.size;
  const right = liveLine(state);
  return [
    leftAndRight({ left: titleLine(state, columns - lineWidth(right)), right, columns }),
    leftAndRight({ left: viewLine(state), right: totalLine(state), columns }),
  ];
}

/** A piece of the first line. Those of the highest rank go first where there is no room. */
interface Piece {
  readonly rank: number;
  readonly text: string;
  readonly style?: Style;
}

const RED: Style = { colour: "red", isBold: true };

/** Pieces up to this rank are not given up for more than the first trouble. */
const WORTH = 3;

/** Whatever the width, what is wrong is there: what is well gives way to it. */
function titleLine(state: State, columns: number): Line {
  const { status } = state;
  const name = state.queue.split("/").at(-1) ?? state.queue;
  const nameColumns = Math.max(8, Math.floor(columns / 6));
  const pieces: Piece[] = [
    { rank: 9, text: " mailq", style: { isBold: true } },
    { rank: 4, text: ` ${cell(name, nameColumns).text}`, style: { isBold: true } },
    state.isReadonly
      ? { rank: 1, text: " RO", style: { isBold: true } }
      : { rank: 10, text: " RW", style: { colour: "dim" } },
    ...status === null ? [] : countPieces(state, status),
  ];
  const troubles = troublesOf(state);
  for (let count = troubles.length; count > 1; count--) {
    const told = troublesLine(troubles, count);
    const kept = keptWithin(pieces, columns - lineWidth(told), WORTH);
    if (kept !== null) return [...kept, ...told];
  }
  const told = troublesLine(troubles, 1);
  const kept = keptWithin(pieces, columns - lineWidth(told), 0) ??
    pieces.filter(({ rank }) => rank <= 1);
  return [...kept, ...cutLine(told, columns - lineWidth(kept))];
}

/** The pieces that there is room for, those of the highest rank left out first; null if not even
 *  those up to `least` fit. */
function keptWithin(pieces: readonly Piece[], columns: number, least: number): Piece[] | null {
  let kept = [...pieces];
  while (lineWidth(kept) > columns) {
    const highest = Math.max(...kept.map(({ rank }) => rank));
    if (highest <= least) return null;
    kept = kept.filter(({ rank }) => rank !== highest);
  }
  return kept;
}

function troublesLine(troubles: readonly Trouble[], count: number): Line {
  const left = troubles.length - count;
  return [
    ...troubles.slice(0, count).map(({ short, isBad }): Span => ({
      text: `  ${cell(short, 60).text}`,
      style: isBad ? RED : { colour: "yellow" },
    })),
    ...left > 0 ? [{ text: ` +${left}`, style: RED }] : [],
  ];
}

function cutLine(line: Line, columns: number): Line {
  const [first, ...rest] = line;
  if (first === undefined || lineWidth(line) <= columns) return line;
  return [cell(first.text, columns - lineWidth(rest), first.style), ...rest];
}

function countPieces(state: State, status: NonNullable<State["status"]>): Piece[] {
  const failed = status.failed + status.partial;
  const rate = rateOf(state);
  const { oldestQueuedAt } = status;
  const oldest = oldestQueuedAt === null
    ? null
    : formatAge(Math.min(oldestQueuedAt, state.now), state.now);
  return [
    failed > 0
      ? { rank: 0, text: `  FAILED ${failed}`, style: RED }
      : { rank: 14, text: "  failed 0" },
    {
      rank: status.deferred > 0 ? 2 : 8,
      text: `  deferred ${status.deferred}`,
      style: status.deferred > 0 ? { colour: "yellow" } : {},
    },
    { rank: 3, text: `  queued ${status.queued}` },
    { rank: status.sending > 0 ? 6 : 13, text: `  sending ${status.sending}` },
    ...status.held > 0
      ? [{ rank: 5, text: `  held ${status.held}`, style: { colour: "magenta" as const } }]
      : [],
    ...status.scheduled > 0 ? [{ rank: 8, text: `  scheduled ${status.scheduled}` }] : [],
    ...rate === null ? [] : [{ rank: 11, text: `  ${rate}/min` }],
    ...oldest === null ? [] : [{ rank: 12, text: `  oldest ${oldest}` }],
  ];
}

function liveLine({ isLive, isStale, now, working, work }: State): Line {
  const word = work !== null && work.of > 1
    ? `${work.isStopping ? "stopping" : "working"} ${work.done}/${work.of}`
    : working > 0
    ? "working"
    : isLive
    ? "live"
    : isStale
    ? "STILL, changed"
    : "STILL";
  return [
    { text: ` ${word} `, style: isLive ? { colour: "green" } : { colour: "yellow", isBold: true } },
    { text: `${formatTimeOfDay(now).slice(0, 5)} ` },
  ];
}

/** The views of messages by their digits, and the one that is open instead; the filter. */
function viewLine(state: State): Line {
  const { list, size, screen, view } = state;
  const names = ["Problems", ...VIEWS.map(({ name }) => name)];
  const isOpen = (i: number) =>
    screen === "view" ? i === 0 && view?.name === "problems" : i === list.view + 1;
  const tabs = (isShort: boolean): Span[] =>
    names.flatMap((name, i): Span[] => [
      isOpen(i)
        ? { text: `[${i}]${name}`, style: { isBold: true } }
        : { text: isShort ? String(i) : `${i} ${name}`, style: { colour: "dim" } },
      { text: " " },
    ]);
  const other: Span[] = screen === "view" && view !== null && view.name !== "problems"
    ? [{ text: ` [${viewOf(view.name).title}] `, style: { isBold: true } }]
    : [];
  const filter = screen === "view" ? "" : list.filterText;
  const whole: Span[] = [{ text: " " }, ...tabs(false), ...other];
  // Where the filter wants room the names of the other views are not needed.
  const wanted = lineWidth(whole) + (filter === "" ? 0 : Math.min(filter.length, 40) + 3) +
    lineWidth(totalLine(state));
  const spans = wanted <= size.columns ? whole : [{ text: " " }, ...tabs(true), ...other];
  if (filter === "") return spans;
  const room = size.columns - lineWidth(spans) - 3 - lineWidth(totalLine(state));
  return [
    ...spans,
    { text: " / ", style: { colour: "cyan" } },
    cell(filter, room, { colour: "cyan", isBold: true }),
  ];
}

/** `12/200k`: those that match and all. */
function totalLine({ list, status, screen }: State): Line {
  if (status === null || screen === "view") return [];
  const all = status.queued + status.sending + status.deferred + status.sent + status.partial +
    status.failed + status.held + status.cancelled + status.suppressed + status.scheduled;
  const marked = markedCount(list);
  const sort = list.sort === "newest" && !list.isReversed
    ? ""
    : `by ${list.sort}${list.isReversed ? " ↑" : ""}  `;
  const text = `${marked === 0 ? "" : ` ${sort}`}${list.total ?? "…"}/${short(all)} `;
  return [{ text: marked === 0 ? ` ${sort}${text}` : text }];
}

/** A count in four characters: `200k`. */
function short(count: number): string {
  if (count < 10_000) return String(count);
  return count < 10_000_000 ? `${Math.floor(count / 1_000)}k` : `${Math.floor(count / 1e6)}M`;
}
