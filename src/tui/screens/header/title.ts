// What the first line of the screen says: what matters of the queue, and what gives way to it where
// there is no room. Called by header.tsx. What is wrong is told by model/trouble.ts.

import { formatAge } from "../../../display/ages.ts";
import { rateOf } from "../../model/rate.ts";
import type { State } from "../../model/state.ts";
import { type Trouble, troublesOf } from "../../model/trouble.ts";
import { cell, type Line, lineWidth, type Span, type Style } from "../line.ts";

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
export function titleLine(state: State, columns: number): Line {
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
