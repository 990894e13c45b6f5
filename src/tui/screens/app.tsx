import { Box } from "ink";
import { Row } from "./row.tsx";

export interface AppProps {
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
