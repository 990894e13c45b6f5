// Where a key means something: the list, a message, or one of the views; and what a row of the tables of
// keys is. Used by key_table.ts, view_keys.ts and keys.ts.

import type { ViewName } from "../data/views/view_data.ts";

/** The list, a message, or the view that is open in the list's place. */
export type Place = "list" | "detail" | ViewName;

/** In the order in which Tab goes through them. */
export const VIEWS = [
  "problems",
  "relays",
  "workers",
  "pauses",
  "suppressions",
  "events",
  "stats",
  "settings",
] as const satisfies readonly ViewName[];

export const MAIL = ["list", "detail"] as const;
export const LIST = ["list"] as const;
export const DETAIL = ["detail"] as const;
/** Where `/` filters messages. */
export const LISTS = ["list", "problems", "relays", "workers", "pauses", "stats"] as const;
/** Where there are messages to do something to. */
export const WITH_MESSAGES = ["list", "detail", "problems"] as const;
/** What a command prints that was run from the screen is a view of its own, out of the round. */
export const ANYWHERE = [...MAIL, ...VIEWS, "output"] as const;

type Group = "Move" | "Views" | "Mark" | "Act" | "Look" | "Program";

/** A row of a table of keys. */
export interface Row {
  /** Parted by blanks; none = only the palette has it. */
  readonly keys: string;
  /** The name in the palette. */
  readonly name: string;
  readonly help: string;
  readonly group: Group;
  readonly contexts: readonly Place[];
  /** What the footer says, where there is room; the order is the table's. */
  readonly footer?: string;
  /** Changes the queue: not to be had with --readonly. */
  readonly isAction?: boolean;
}
