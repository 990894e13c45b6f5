// The whole screen as Ink components: a state in, a frame out. Rendered by session.tsx; the rows of
// lists and long texts come to it by way of windows.ts.

import { Box, Text } from "ink";
import { memo } from "react";
import type { State } from "../model/state.ts";
import { holes, type WindowName } from "./windows.ts";

export function Screen({ state }: { readonly state: State }) {
  const { columns, rows } = state.size;
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Window name="screen" rows={rows} />
    </Box>
  );
}

interface WindowProps {
  readonly name: WindowName;
  readonly rows: number;
}

/** Where a window's rows stand. */
const Window = memo(function Window({ name, rows }: WindowProps) {
  return <Text>{holes(name, rows)}</Text>;
});
