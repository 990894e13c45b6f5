// The two rows at the top: what matters of the queue, the views and the filter. Part of screen.tsx.
// What gives way in the first row is title.ts's.

import { Box } from "ink";
import { formatTimeOfDay } from "../../../display/timestamps.ts";
import type { State } from "../../model/state.ts";
import { type Line, lineWidth } from "../line.ts";
import { Bar, Styled } from "../words.tsx";
import { Tabs, Total } from "./tabs.tsx";
import { titleLine } from "./title.ts";

export function Header({ state }: { readonly state: State }) {
  const live = liveLine(state);
  const room = state.size.columns - lineWidth(live);
  return (
    <Box flexDirection="column" flexShrink={0}>
      <Bar left={<Styled line={titleLine(state, room)} />} right={<Styled line={live} />} />
      <Bar left={<Tabs state={state} />} right={<Total state={state} />} />
    </Box>
  );
}

/** Whether what is shown follows the queue, or what is being done to it; and the time. */
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
