// The whole screen as Ink components: a state in, a frame out. Rendered by session.tsx, which has
// windows.ts put the rows of lists and long texts in.

import { Box, Text } from "ink";
import { layoutOf, MIN_SIZE } from "../model/layout.ts";
import type { Size, State } from "../model/state.ts";
import { DialogBox } from "./dialogs/dialog.tsx";
import { Footer } from "./footer.tsx";
import { Header } from "./header/header.tsx";
import { List } from "./list/list.tsx";
import { Detail } from "./message/detail.tsx";
import { Preview } from "./message/preview.tsx";
import { Prompt } from "./prompt.tsx";
import { LookContext } from "./look.ts";
import type { Look } from "./paint.ts";
import { Window } from "./window.tsx";

interface ScreenProps {
  readonly state: State;
  readonly look: Look;
}

export function Screen({ state, look }: ScreenProps) {
  const { dialog, size } = state;
  const { isTooSmall, bodyRows } = layoutOf(state);
  if (isTooSmall) return <TooSmall size={size} />;
  return (
    <LookContext value={look}>
      <Box flexDirection="column" width={size.columns} height={size.rows}>
        <Header state={state} />
        <Box flexGrow={1} flexBasis={0} overflow="hidden">
          <Body state={state} rows={bodyRows} />
        </Box>
        {dialog?.kind === "prompt"
          ? <Prompt state={state} dialog={dialog} />
          : <Footer state={state} />}
        {dialog !== null && dialog.kind !== "prompt" &&
          <DialogBox state={state} dialog={dialog} />}
      </Box>
    </LookContext>
  );
}

function Body({ state, rows }: { readonly state: State; readonly rows: number }) {
  switch (state.screen) {
    case "list":
      return (
        <>
          <List state={state} />
          {layoutOf(state).previewColumns > 0 && <Preview state={state} />}
        </>
      );
    case "detail":
      return <Detail state={state} />;
    case "view":
      return <Window name="view" rows={rows} />;
  }
}

function TooSmall({ size }: { readonly size: Size }) {
  return (
    <Box flexDirection="column" width={size.columns} height={size.rows} overflow="hidden">
      <Text wrap="truncate">{`mailq needs ${MIN_SIZE.columns}x${MIN_SIZE.rows}`}</Text>
      <Text wrap="truncate">{`this is ${size.columns}x${size.rows}`}</Text>
      <Text wrap="truncate">q quits</Text>
    </Box>
  );
}
