// Every command of the screen with its keys, name and help: the one place that knows a key. Read by
// keys.ts, through which dispatch, footer, help and palette see it. What a command does is in
// model/commands.ts.

/** Where a key means something. */
export type KeyContext = "list" | "detail" | "stats";

const ANYWHERE = ["list", "detail", "stats"] as const;
const MAIL = ["list", "detail"] as const;
const LIST = ["list"] as const;

type Group = "Move" | "Views" | "Mark" | "Act" | "Look" | "Program";

interface More {
  /** What the footer says, where there is room; the order is the table's. */
  readonly footer?: string;
  /** Changes the queue: not to be had with --readonly. */
  readonly isAction?: boolean;
}

export interface Row extends More {
  readonly keys: readonly string[];
  /** The name in the palette. */
  readonly name: string;
  readonly help: string;
  readonly group: Group;
  readonly contexts: readonly KeyContext[];
}

/** A row of the table; `keys` are parted by blanks. */
function row(
  keys: string,
  name: string,
  help: string,
  group: Group,
  contexts: readonly KeyContext[],
  more: More = {},
): Row {
  return { keys: keys === "" ? [] : keys.split(" "), name, help, group, contexts, ...more };
}

/** Every command of the screen and its keys: dispatch, footer, help and palette read this table,
 *  and nothing else knows a key. */
export const TABLE = {
  open: row(
    "Enter l Right",
    "open",
    "open the message; unfold or fold what stands under the cursor",
    "Move",
    ANYWHERE,
    { footer: "open" },
  ),
  back: row("Esc h Left", "back", "go back; in the list, end a range", "Move", ANYWHERE),
  down: row("j Down", "down", "down", "Move", ANYWHERE),
  up: row("k Up", "up", "up", "Move", ANYWHERE),
  half_down: row("Ctrl-d", "half page down", "half a page down", "Move", ANYWHERE),
  half_up: row("Ctrl-u", "half page up", "half a page up", "Move", ANYWHERE),
  page_down: row("PgDn Ctrl-f", "page down", "a page down", "Move", ANYWHERE),
  page_up: row("PgUp Ctrl-b", "page up", "a page up", "Move", ANYWHERE),
  top: row("g Home", "first", "to the first", "Move", ANYWHERE),
  bottom: row("G End", "last", "to the last", "Move", ANYWHERE),
  mark: row("Space", "mark", "mark or unmark, and move on; ends a range", "Mark", LIST, {
    footer: "mark",
  }),
  retry: row("r", "retry", "try deferred mail again now", "Act", MAIL, {
    footer: "retry",
    isAction: true,
  }),
  filter: row(
    "/",
    "filter",
    "filter the list, or find in a text: status: to: from: subject: tag: err: age>2h; ! negates",
    "Views",
    MAIL,
    { footer: "filter" },
  ),
  resend: row(
    "R",
    "resend",
    "queue again whatever the state; the box offers unsent recipients alone, or changed ones",
    "Act",
    MAIL,
    { footer: "resend", isAction: true },
  ),
  cancel: row("x", "cancel", "give up on what is still open", "Act", MAIL, {
    footer: "cancel",
    isAction: true,
  }),
  hold: row("p", "hold or release", "hold open mail back, or release it", "Act", MAIL, {
    footer: "hold",
    isAction: true,
  }),
  delete: row("D", "delete", "delete for good, whatever the state", "Act", MAIL, {
    footer: "delete",
    isAction: true,
  }),
  next_tab: row("] Tab", "next tab", "next tab", "Look", MAIL, { footer: "tabs" }),
  previous_tab: row("[ Shift-Tab", "previous tab", "previous tab", "Look", MAIL),
  next_message: row("J", "next message", "next message", "Move", MAIL),
  previous_message: row("K", "previous message", "previous message", "Move", MAIL),
  view_all: row("1", "view all", "all", "Views", ANYWHERE),
  view_due: row("2", "view due", "due: queued or being sent", "Views", ANYWHERE),
  view_deferred: row("3", "view deferred", "deferred", "Views", ANYWHERE),
  view_failed: row("4", "view failed", "failed, wholly or in part", "Views", ANYWHERE),
  view_sent: row("5", "view sent", "sent", "Views", ANYWHERE),
  view_held: row("6", "view held", "held", "Views", ANYWHERE),
  next_match: row("n", "next match", "next match", "Views", MAIL),
  previous_match: row("N", "previous match", "previous match", "Views", MAIL),
  clear_filter: row(
    "\\",
    "clear filter",
    "clear the filter, or what was looked for",
    "Views",
    MAIL,
  ),
  range: row("v", "range", "mark a range: move, then Space or v", "Mark", LIST),
  mark_all: row("*", "mark all matching", "mark all that match, seen or not", "Mark", LIST),
  unmark: row("u", "unmark", "unmark all", "Mark", LIST),
  sort: row("s", "sort", "sort by the next thing", "Look", LIST),
  reverse: row("S", "reverse", "reverse the order", "Look", LIST),
  preview: row("o", "preview pane", "preview pane, from 120x30 on", "Look", LIST),
  wrap: row("w", "wrap", "wrap long lines", "Look", MAIL),
  copy_id: row("y", "copy id", "copy the id (OSC 52)", "Look", MAIL),
  pager: row("e", "pager", "the raw message in $PAGER", "Look", MAIL),
  pipe: row("|", "pipe", "pipe the raw message to a command", "Look", MAIL),
  stats: row(
    "",
    "stats",
    "counts, throughput, failing domains and replies, workers",
    "Views",
    ANYWHERE,
  ),
  resend_changed: row(
    "",
    "resend changed",
    "send again as a new message with another sender or other recipients",
    "Act",
    MAIL,
    { isAction: true },
  ),
  pause_queue: row("", "pause the queue", "stop all sending from this queue", "Act", ANYWHERE, {
    isAction: true,
  }),
  resume_queue: row("", "resume the queue", "start sending again", "Act", ANYWHERE, {
    isAction: true,
  }),
  pause: row(".", "pause live refresh", "pause live refresh, or go on", "Program", ANYWHERE),
  redraw: row("Ctrl-l", "redraw", "draw the screen anew", "Program", ANYWHERE),
  suspend: row("Ctrl-z", "suspend", "suspend; `fg` goes on", "Program", ANYWHERE),
  quit_now: row("Ctrl-c", "quit at once", "quit at once", "Program", ANYWHERE),
  palette: row(":", "palette", "find a command by its name", "Program", ANYWHERE, {
    footer: "cmd",
  }),
  help: row("?", "help", "this help", "Program", ANYWHERE, { footer: "help" }),
  quit: row("q", "quit", "back, and from the list out", "Program", ANYWHERE, { footer: "quit" }),
} as const;
