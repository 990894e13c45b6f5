// One painted row of the screen, as an Ink component. Used by app.tsx alone; what stands in the row
// and in which colours is decided before.

import { Text } from "ink";
import { memo } from "react";

/** One row of the screen, laid out and painted. Ink is to leave it as it is. */
export const Row = memo(function Row({ text }: { readonly text: string }) {
  // An empty Text has no height.
  return <Text wrap="truncate">{text === "" ? " " : text}</Text>;
});
