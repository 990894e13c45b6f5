// Where the rows of a list or a long text stand on the screen. Used by the components that hold such
// rows; windows.ts says why there are windows, and puts the rows there.

import { Text } from "ink";
import { memo } from "react";
import { holes, type WindowName } from "./windows.ts";

interface WindowProps {
  readonly name: WindowName;
  readonly rows: number;
}

export const Window = memo(function Window({ name, rows }: WindowProps) {
  return <Text>{holes(name, rows)}</Text>;
});
