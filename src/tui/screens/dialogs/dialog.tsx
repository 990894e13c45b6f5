// A box over the middle of the screen, with what a dialog says in it. Part of screen.tsx. What the keys
// of each do is model/dialogs/'s.

import { Box } from "ink";
import type { ReactNode } from "react";
import type { Dialog } from "../../model/dialogs/dialog.ts";
import type { State } from "../../model/state.ts";
import { Attachments } from "./attachments.tsx";
import { Confirm } from "./confirm.tsx";
import { Copy } from "./copy.tsx";
import { Form } from "./form.tsx";
import { Help } from "./help.tsx";
import { Leaving, Sure } from "./questions.tsx";
import { Palette } from "./palette.tsx";

/** A prompt is no box: it takes the footer's place. */
type BoxedDialog = Exclude<Dialog, { kind: "prompt" }>;

interface DialogProps {
  readonly state: State;
  readonly dialog: BoxedDialog;
}

const MOST_COLUMNS = 76;
/** The border, and a blank beside it. */
const EDGES = 4;

export function DialogBox({ state, dialog }: DialogProps) {
  const { columns, rows } = state.size;
  const width = Math.min(MOST_COLUMNS, columns - 2);
  return (
    <Box position="absolute" flexDirection="column" justifyContent="center" height={rows}>
      <Blank columns={columns}>
        <Box
          flexDirection="column"
          width={width}
          marginLeft={Math.floor((columns - width) / 2)}
          borderStyle="single"
          paddingX={1}
        >
          {contentOf(state, dialog, width - EDGES)}
        </Box>
      </Blank>
    </Box>
  );
}

/** Whole rows, with nothing of what is under them. */
function Blank({ columns, children }: { readonly columns: number; readonly children: ReactNode }) {
  // Ink fills a box that has a background. A colour by no name that it knows is that of the terminal.
  return <Box width={columns} backgroundColor="terminal">{children}</Box>;
}

function contentOf(state: State, dialog: BoxedDialog, columns: number): ReactNode {
  switch (dialog.kind) {
    case "confirm":
      return <Confirm dialog={dialog} columns={columns} />;
    case "form":
      return <Form dialog={dialog} columns={columns} />;
    case "palette":
      return <Palette state={state} dialog={dialog} columns={columns} />;
    case "help":
      return <Help state={state} dialog={dialog} columns={columns} />;
    case "attachments":
      return <Attachments state={state} chosen={dialog.chosen} columns={columns} />;
    case "copy":
      return <Copy choices={dialog.choices} />;
    case "sure":
      return <Sure text={dialog.text} />;
    case "leaving":
      return <Leaving state={state} />;
  }
}
