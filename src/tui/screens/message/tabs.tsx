// The tabs of a message: `[Headers] Text Html Raw Attempts`. Part of detail.tsx and preview.tsx.
// Which one is open is model/message/detail.ts's.

import { Text } from "ink";
import { type State, TABS } from "../../model/state.ts";
import { Words } from "../words.tsx";

export function Tabs({ detail }: Pick<State, "detail">) {
  return (
    <Text wrap="truncate">
      {TABS.map((tab) =>
        tab === detail?.tab
          ? <Words key={tab} isBold>{` [${tab}]`}</Words>
          : <Words key={tab} colour="dim">{`  ${tab} `}</Words>
      )}
    </Text>
  );
}
