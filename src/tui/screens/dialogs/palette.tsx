// The commands by name, those that what is typed could mean. Part of dialog.tsx. Which those are is
// model/dialogs/palette.ts's.

import { Box } from "ink";
import { keyText } from "../../keys/keys.ts";
import { fill } from "../../measure.ts";
import { paletteChoices } from "../../model/dialogs/palette.ts";
import type { Dialog } from "../../model/dialogs/dialog.ts";
import type { State } from "../../model/state.ts";
import { TextField } from "../text_field.tsx";
import { Words } from "../words.tsx";
import { Choice } from "./choice.tsx";

interface PaletteProps {
  readonly state: State;
  readonly dialog: Extract<Dialog, { kind: "palette" }>;
  readonly columns: number;
}

export function Palette({ state, dialog: { input, chosen }, columns }: PaletteProps) {
  const choices = paletteChoices(state, input.text);
  const height = Math.max(1, Math.min(12, state.size.rows - 8));
  const from = Math.max(0, Math.min(chosen - Math.floor(height / 2), choices.length - height));
  return (
    <>
      <Box height={1}>
        <Words isBold>{`: `}</Words>
        <TextField input={input} columns={columns - 2} />
      </Box>
      {choices.slice(from, from + height).map(({ name, help, keys }, i) => (
        <Choice key={name} isChosen={from + i === chosen} columns={columns}>
          {fill(name, 20) + fill(keys.map(keyText).join(" "), 12) + help}
        </Choice>
      ))}
      {choices.length === 0 && <Words>{`  no such command`}</Words>}
      {choices.length > height && (
        <Words colour="dim">
          {`  ${chosen + 1} of ${choices.length}; PgDn PgUp move by ten`}
        </Words>
      )}
    </>
  );
}
