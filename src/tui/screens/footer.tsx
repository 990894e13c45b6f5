// The two rows at the bottom: what there is to say of the row under the cursor, and the keys. Part of
// screen.tsx.

import { Box } from "ink";
import { markedCount } from "../model/list/marks.ts";
import { wholeReasonOf } from "../model/list/why.ts";
import { newAbove } from "../model/list/window.ts";
import { currentRow, type State } from "../model/state.ts";
import { KeyHints } from "./key_hints.tsx";
import { Notice } from "./notice.tsx";
import type { Line, Span } from "./line.ts";
import { Bar, Styled } from "./words.tsx";

export function Footer({ state }: { readonly state: State }) {
  return (
    <Box flexDirection="column" flexShrink={0}>
      <Bar left={<Styled line={saying(state)} />} right={<Styled line={place(state)} />} />
      {state.notice === null ? <KeyHints state={state} /> : <Notice notice={state.notice} />}
    </Box>
  );
}

function saying(state: State): Line {
  const { list } = state;
  const spans: Span[] = [{ text: " " }];
  const marked = markedCount(list);
  if (list.range !== null) spans.push({ text: "RANGE · ", style: { isBold: true } });
  if (marked === null) spans.push({ text: "all that match marked, counting … · " });
  else if (marked > 0) {
    spans.push({ text: `${marked} marked · `, style: { isBold: true } });
  }
  const row = currentRow(list);
  if (state.screen === "list" && row !== null) spans.push({ text: wholeReasonOf(row, state) });
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
