// The list of messages: its titles, and the window of its rows. Part of screen.tsx. The rows are
// rows.ts's.

import { Box } from "ink";
import { layoutOf } from "../../model/layout.ts";
import type { State } from "../../model/state.ts";
import { Window } from "../window.tsx";
import { Words } from "../words.tsx";
import { columnsFor, GUTTER } from "./columns.ts";

export function List({ state }: { readonly state: State }) {
  const { listColumns, listRows } = layoutOf(state);
  return (
    <Box flexDirection="column" width={listColumns} flexShrink={0}>
      <Box height={1} flexShrink={0} paddingLeft={GUTTER} columnGap={1}>
        {columnsFor(listColumns).map(({ title, columns, align }) => (
          <Box
            key={title}
            width={columns}
            flexShrink={0}
            justifyContent={align === "right" ? "flex-end" : "flex-start"}
          >
            <Words colour="dim">{title}</Words>
          </Box>
        ))}
      </Box>
      {state.list.rows.length > 0
        ? <Window name="list" rows={listRows} />
        : (
          <Box padding={1} paddingLeft={GUTTER}>
            <Words colour="dim">{emptyText(state)}</Words>
          </Box>
        )}
    </Box>
  );
}

function emptyText({ list, status }: State): string {
  return list.isLoading
    ? "Reading …"
    : status === null || list.filterText === "" && list.view === 0
    ? "No messages. `mailq enqueue` puts mail in."
    : "No message matches. \\ clears the filter, 1 shows all.";
}
