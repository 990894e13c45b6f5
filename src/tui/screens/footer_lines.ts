// Draws the two lines at the bottom: what there is to say, and the keys. Called by frame.ts. The
// keys and their words come from keys/.

import { wholeReasonOf } from "../model/list/why.ts";
import { keyText } from "../keys/keys.ts";
import { newAbove } from "../model/list/window.ts";
import { markedCount } from "../model/list/marks.ts";
import { currentRow, placeOf, type State } from "../model/state.ts";
import { cell, leftAndRight, type Line, type Span } from "./line.ts";

/** The two lines at the bottom: what there is to say, and the keys. */
export function footerLines(state: State): Line[] {
  return [
    leftAndRight({ left: saying(state), right: place(state), columns: state.size.columns }),
    noticeLine(state) ?? keyLine(state),
  ];
}

/** What came of the last key stands in the place of the keys: what is said of the row stays. */
export function noticeLine({ notice, size }: State): Line | null {
  if (notice === null) return null;
  const style = notice.isError
    ? { colour: "red", isBold: true } as const
    : { colour: "green" } as const;
  return [{ text: " " }, cell(notice.text, size.columns - 1, style)];
}

function saying(state: State): Line {
  const { list, size } = state;
  const spans: Span[] = [{ text: " " }];
  const marked = markedCount(list);
  if (list.range !== null) spans.push({ text: "RANGE · ", style: { isBold: true } });
  if (marked === null) spans.push({ text: "all that match marked, counting … · " });
  else if (marked > 0) {
    spans.push({ text: `${marked} marked · `, style: { isBold: true } });
  }
  const row = currentRow(list);
  if (state.screen === "list" && row !== null) {
    spans.push(cell(wholeReasonOf(row, state), size.columns));
  }
  return spans;
}

function place(state: State): Line {
  const { list, screen, detail } = state;
  if (screen === "detail" && detail !== null && detail.tab !== "Attempts") {
    return [{ text: ` line ${detail.scroll + 1} ` }];
  }
  if (screen !== "list" || list.rows.length === 0) return [];
  const above = newAbove(list) ?? 0;
  const row = list.offset === null ? "?" : String(list.offset + list.cursor + 1);
  return [
    ...above > 0 && list.top > 0
      ? [{ text: ` ▲ ${above} new `, style: { colour: "cyan", isBold: true } as const }]
      : [],
    { text: ` row ${row}/${list.total ?? "…"} `, style: { colour: "dim" } },
  ];
}

/** These have their place in the footer whatever else there is room for. */
const ALWAYS = new Set(["palette", "help", "quit"]);

/** As many of the keys as there is room for. */
function keyLine(state: State): Line {
  const hints = state.keys.in(placeOf(state), state).flatMap(({ id, keys: [key], footer }) =>
    footer === undefined || key === undefined ? [] : [{ id, text: `${keyText(key)} ${footer}` }]
  );
  const width = (text: string) => text.length + GAP.length;
  let left = state.size.columns - GAP.length;
  for (const { id, text } of hints) if (ALWAYS.has(id)) left -= width(text);
  const kept = hints.filter(({ id, text }) => {
    if (ALWAYS.has(id)) return true;
    left -= width(text);
    return left >= 0;
  });
  return [{ text: ` ${kept.map(({ text }) => text).join(GAP)}`, style: { colour: "dim" } }];
}

const GAP = "  ";
