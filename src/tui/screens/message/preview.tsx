// The message under the cursor, at the right of the list: its tabs, its subject, the window of its
// rows. Part of screen.tsx, where there is room for it (model/layout.ts).

import { Box, Text } from "ink";
import { use } from "react";
import { layoutOf } from "../../model/layout.ts";
import type { State } from "../../model/state.ts";
import { LookContext } from "../look.ts";
import { paint } from "../paint.ts";
import { Window } from "../window.tsx";
import { Words } from "../words.tsx";
import { Tabs } from "./tabs.tsx";

export function Preview({ state }: { readonly state: State }) {
  const message = state.detail?.message;
  const subject = !message || message === "gone" ? "" : message.subject ?? "";
  const { bodyRows, textRows } = layoutOf(state);
  return (
    <Box flexGrow={1}>
      <Rule rows={bodyRows} />
      <Box flexDirection="column" flexGrow={1}>
        <Box height={1} flexShrink={0}>
          <Tabs detail={state.detail} />
        </Box>
        <Box height={1} flexShrink={0} paddingLeft={1}>
          <Words isBold>{subject}</Words>
        </Box>
        <Window name="tab" rows={textRows} />
      </Box>
    </Box>
  );
}

/** What stands between it and the list. */
function Rule({ rows }: { readonly rows: number }) {
  const row = paint({ text: "│", style: { colour: "dim" } }, use(LookContext));
  return (
    <Box width={1} flexShrink={0}>
      <Text>{Array.from({ length: rows }, () => row).join("\n")}</Text>
    </Box>
  );
}
