// Where a shell finds the values of an option or an argument, told by what stands for the value in
// the help: FILE, ID, TAG … tables.ts writes it into the scripts of the shells. What of it the
// program itself is asked for is in values.ts.

import { SETTINGS } from "../../config/definitions.ts";
import { EVENT_TYPES } from "../../queue/event.ts";
import { MESSAGE_STATUSES } from "../../queue/state.ts";
import { PAGES } from "../manual/pages.ts";
import type { DeclaredArgument, DeclaredOption } from "../frame/declared.ts";

/** What a script does by itself: the names of files, and so on. `none` stands for what nobody can
 *  know before. */
type ShellSource = "files" | "folders" | "programs" | "users" | "none";

/** What stands for a value, and where its values are: a source of the shells' own, one that the
 *  program is asked for, or words, as `list` those that may stand side by side with commas. */
const SOURCES: Readonly<Record<string, string>> = {
  "FILE": "files" satisfies ShellSource,
  "FILE|DIR": "files",
  "PATH|URL": "files",
  "DIR": "folders" satisfies ShellSource,
  "CMD": "programs" satisfies ShellSource,
  "USER": "users" satisfies ShellSource,
  "ID": "ids",
  "TAG": "tags",
  "RELAY": "relays",
  "STATUS": `list ${MESSAGE_STATUSES.join(" ")}`,
  "TYPE": `words ${Object.keys(EVENT_TYPES).join(" ")}`,
  "PAGE": `words ${PAGES.map(({ name }) => name).join(" ")}`,
  "SETTING": `words ${Object.keys(SETTINGS).join(" ")}`,
};

/** The source of an option's or argument's values. */
export function sourceOf(
  { placeholder, values = null }:
    & Pick<DeclaredArgument, "placeholder">
    & Partial<Pick<DeclaredOption, "values">>,
): string {
  const isWords = /^[a-z0-9.-]+(\|[a-z0-9.-]+)+$/.test(placeholder);
  const words = values ?? (isWords ? placeholder.split("|") : null);
  if (words !== null) return `words ${words.join(" ")}`;
  return SOURCES[placeholder] ?? "none" satisfies ShellSource;
}
