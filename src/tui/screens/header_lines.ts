// Draws the two lines at the top: the queue and its counts, the views and the filter. Called by
// frame.ts. All that it shows is in the state.

import { formatAge } from "../../display/ages.ts";
import { formatTimeOfDay } from "../../display/timestamps.ts";
import { hasRoomForPreview } from "../model/layout.ts";
import { markedCount } from "../model/list/marks.ts";
import { rateOf } from "../model/rate.ts";
import { type State, VIEWS } from "../model/state.ts";
import { cell, leftAndRight, type Line, lineWidth, type Span } from "./line.ts";

/** The two lines at the top: the queue and its counts, the views and the filter. */
export function headerLines(state: State): Line[] {
  const { columns } = state.size;
  return [
    leftAndRight({ left: titleLine(state), right: liveLine(state), columns }),
    leftAndRight({ left: viewLine(state), right: totalLine(state), columns }),
  ];
}

function titleLine(state: State): Line {
  const { status, size } = state;
  const name = state.queue.split("/").at(-1) ?? state.queue;
  const spans: Span[] = [
    { text: " mailq ", style: { isBold: true } },
    cell(name, Math.max(8, Math.floor(size.columns / 5)), { isBold: true }),
    { text: state.isReadonly ? " RO  " : " RW  ", style: { colour: "dim" } },
  ];
  if (status === null) return spans;
  if (status.paused !== null) {
    spans.push({ text: "PAUSED  ", style: { colour: "red", isBold: true } });
  }
  const failed = status.failed + status.partial;
  spans.push(
    { text: `queued ${status.queued + status.scheduled}  ` },
    { text: `sending ${status.sending}  ` },
    {
      text: `deferred ${status.deferred}  `,
      style: status.deferred > 0 ? { colour: "yellow" } : {},
    },
    failed > 0
      ? { text: `FAILED ${failed}  `, style: { colour: "red", isBold: true } }
      : { text: "failed 0  " },
  );
  if (hasRoomForPreview(size)) {
    const rate = rateOf(state);
    if (rate !== null) spans.push({ text: `${rate}/min  ` });
    const { oldestQueuedAt } = status;
    if (oldestQueuedAt !== null) {
      spans.push({ text: `oldest ${formatAge(Math.min(oldestQueuedAt, state.now), state.now)}  ` });
    }
  }
  return spans;
}

function liveLine({ isLive, isStale, readAt, working, work }: State): Line {
  const time = readAt === null ? "" : formatTimeOfDay(readAt);
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
    { text: `${time} ` },
  ];
}

function viewLine(state: State): Line {
  const { list, size } = state;
  const spans: Span[] = [{ text: " " }];
  for (const [i, { name }] of VIEWS.entries()) {
    const isChosen = i === list.view;
    spans.push(
      isChosen
        ? { text: `[${i + 1}]${name}`, style: { isBold: true } }
        : { text: `${i + 1} ${name}`, style: { colour: "dim" } },
      { text: " " },
    );
  }
  if (list.filterText !== "") {
    spans.push(
      { text: " / ", style: { colour: "cyan" } },
      cell(list.filterText, size.columns - lineWidth(spans) - 3, { colour: "cyan", isBold: true }),
    );
  }
  return spans;
}

/** `12/200k`: those that match and all. */
function totalLine({ list, status }: State): Line {
  if (status === null) return [];
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
