// Styled text as Ink components: made safe for a terminal, and cut by Ink where there is no room.
// Used by all components of the screen; rows of lists and long texts are windows.ts's.

import { Box, Text } from "ink";
import { type ReactNode, use } from "react";
import { sanitise } from "../../display/sanitise.ts";
import type { Line, Style } from "./line.ts";
import { LookContext } from "./look.ts";
import { paint } from "./paint.ts";

/** More than a row of any screen holds: a subject may be a megabyte. */
const MOST = 8_000;

interface WordsProps extends Style {
  readonly children: string;
}

/** A text of a mail, a relay or the screen itself, on one row at most. */
export function Words({ children, ...style }: WordsProps) {
  const text = sanitise(children.slice(0, MOST));
  return <Text wrap="truncate">{paint({ text, style }, use(LookContext))}</Text>;
}

/** A line of several styles, cut as one. */
export function Styled({ line }: { readonly line: Line }) {
  return (
    <Text wrap="truncate">
      {line.map(({ text, style }, i) => <Words key={i} {...style}>{text}</Words>)}
    </Text>
  );
}

/** One row: what stands at the left gives way to what stands at the right. */
export function Bar({ left, right }: { readonly left: ReactNode; readonly right: ReactNode }) {
  return (
    <Box height={1} flexShrink={0} justifyContent="space-between">
      <Box>{left}</Box>
      <Box flexShrink={0}>{right}</Box>
    </Box>
  );
}
