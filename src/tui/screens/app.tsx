// The rows that have changed, as an Ink component. Rendered by session.tsx; the rows come from
// frame.ts by way of paintLine.

import { Box } from "ink";
import { Row } from "./row.tsx";

interface AppProps {
  /** Rows of the screen, painted, each with its place. */
  readonly rows: readonly { readonly place: number; readonly text: string }[];
  readonly columns: number;
}

/** Those rows of the screen that are to be drawn. */
export function App({ rows, columns }: AppProps) {
  return (
    <Box flexDirection="column" width={columns} height={rows.length}>
      {rows.map(({ place, text }) => <Row key={place} text={text} />)}
    </Box>
  );
}
