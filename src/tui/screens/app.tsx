import { Box } from "ink";
import type { State } from "../model/state.ts";
import type { Line } from "./line.ts";
import { paintLine } from "./line.ts";
import { Row } from "./row.tsx";

export interface AppProps {
  readonly lines: readonly Line[];
  readonly size: State["size"];
  readonly isColoured: boolean;
}

/** The whole screen. */
export function App({ lines, size, isColoured }: AppProps) {
  return (
    <Box flexDirection="column" width={size.columns} height={size.rows}>
      {lines.map((line, i) => (
        // A row is its place: what stands in it changes.
        <Row key={i} text={paintLine(line, isColoured)} />
      ))}
    </Box>
  );
}
