// What of a message can be copied, by a key each. Part of dialog.tsx. What there is to copy is
// model/dialogs/copy.ts's.

import { Box } from "ink";
import type { Dialog } from "../../model/dialogs/dialog.ts";
import { Words } from "../words.tsx";

export function Copy({ choices }: Pick<Extract<Dialog, { kind: "copy" }>, "choices">) {
  return (
    <>
      <Words isBold>Copy</Words>
      {choices.map(({ key, what, text }) => (
        <Box key={key} paddingLeft={2}>
          <Box width={3} flexShrink={0}>
            <Words colour="cyan">{key}</Words>
          </Box>
          <Box width={18} flexShrink={0}>
            <Words>{what}</Words>
          </Box>
          <Words colour="dim">{text.replaceAll("\n", ", ")}</Words>
        </Box>
      ))}
      <Words colour="dim">any other key closes</Words>
    </>
  );
}
