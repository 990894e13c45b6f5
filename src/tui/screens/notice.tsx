// What came of the last key, on one row. Part of footer.tsx, where it stands in the place of the keys,
// and of prompt.tsx, above what is typed.

import { Box } from "ink";
import type { State } from "../model/state.ts";
import { Words } from "./words.tsx";

export function Notice({ notice }: { readonly notice: NonNullable<State["notice"]> }) {
  const style = notice.isError
    ? { colour: "red", isBold: true } as const
    : { colour: "green" } as const;
  return (
    <Box height={1} flexShrink={0} paddingLeft={1}>
      <Words {...style}>{notice.text}</Words>
    </Box>
  );
}
