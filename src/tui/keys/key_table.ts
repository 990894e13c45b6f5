// Every command of the screen with its keys, name and help: the one place that knows a key. Read by
// keys.ts, through which dispatch, footer, help and palette see it. What a command does is in
// model/commands.ts.

/** Where a key means something. */
export type KeyContext = "list" | "detail" | "view";

const ANYWHERE = ["list", "detail", "view"] as const;
const MAIL = ["list", "detail"] as const;
const LIST = ["list"] as const;
const LISTS = ["list", "view"] as const;
const DETAIL = ["detail"] as const;

type Group = "Move" | "Views" | "Mark" | "Act" | "Look" | "Program";

/** A row of the table. */
export interface Row {
  /** Parted by blanks; none = only the palette has it. */
  readonly keys: string;
  /** The name in the palette. */
  readonly name: string;
  readonly help: string;
  readonly group: Group;
  readonly contexts: readonly KeyContext[];
  /** What the footer says, where there is room; the order is the table's. */
  readonly footer?: string;
  /** Changes the queue: not to be had with --readonly. */
  readonly isAction?: boolean;
}

const MOVE = { group: "Move", contexts: ANYWHERE } as const;
const VIEW = { group: "Views", contexts: ANYWHERE } as const;
const MARK = { group: "Mark", contexts: LIST } as const;
const ACT = { group: "Act", contexts: ANYWHERE, isAction: true } as const;
const LOOK = { group: "Look", contexts: MAIL } as const;
const PROGRAM = { group: "Program", contexts: ANYWHERE } as const;

/** Every command of the screen and its keys: dispatch, footer, help and palette read this table,
 *  and nothing else knows a key. */
export const TABLE = {
  open: {
    ...MOVE,
    keys: "Enter l Right",
    name: "open",
    help: "open the message; unfold or fold what stands under the cursor",
    footer: "open",
  },
  back: { ...MOVE, keys: "Esc h Left", name: "back", help: "go back; in the list, end a range" },
  down: { ...MOVE, keys: "j Down", name: "down", help: "down" },
  up: { ...MOVE, keys: "k Up", name: "up", help: "up" },
  half_down: { ...MOVE, keys: "Ctrl-d", name: "half page down", help: "half a page down" },
  half_up: { ...MOVE, keys: "Ctrl-u", name: "half page up", help: "half a page up" },
  page_down: { ...MOVE, keys: "PgDn Ctrl-f", name: "page down", help: "a page down" },
  page_up: { ...MOVE, keys: "PgUp Ctrl-b", name: "page up", help: "a page up" },
  top: { ...MOVE, keys: "g Home", name: "top", help: "to the first" },
  bottom: { ...MOVE, keys: "G End", name: "bottom", help: "to the last" },
  mark: {
    ...MARK,
    keys: "Space",
    name: "mark",
    help: "mark or unmark, and move on; ends a range",
    footer: "mark",
  },
  retry: { ...ACT, keys: "r", name: "retry", help: "try deferred mail again now", footer: "retry" },
  filter: {
    ...VIEW,
    contexts: LISTS,
    keys: "/",
    name: "filter",
    help: "filter the list; Tab completes, Up goes to earlier filters, Esc in the list leaves it",
    footer: "filter",
  },
  find: {
    ...LOOK,
    contexts: DETAIL,
    keys: "/",
    name: "find",
    help: "find in the text",
    footer: "find",
  },
  resend: {
    ...ACT,
    keys: "R",
    name: "resend",
    help: "queue again whatever the state; the box offers unsent recipients alone, or changed ones",
    footer: "resend",
  },
  cancel: {
    ...ACT,
    keys: "x",
    name: "cancel",
    help: "give up on what is still open",
    footer: "cancel",
  },
  hold: {
    ...ACT,
    keys: "p",
    name: "hold or release",
    help: "hold open mail back, or release it",
    footer: "hold",
  },
  delete: {
    ...ACT,
    keys: "D",
    name: "delete",
    help: "delete for good, whatever the state",
    footer: "delete",
  },
  undo: {
    ...ACT,
    keys: "U",
    name: "undo",
    help: "take back the last action, where nothing was sent since",
    footer: "undo",
  },
  last: { ...VIEW, keys: "", name: "last", help: "list what the last action has changed" },
  next_tab: { ...LOOK, keys: "] Tab", name: "next tab", help: "next tab", footer: "tabs" },
  previous_tab: { ...LOOK, keys: "[ Shift-Tab", name: "previous tab", help: "previous tab" },
  next_message: { ...MOVE, contexts: MAIL, keys: "J", name: "next message", help: "next message" },
  previous_message: {
    ...MOVE,
    contexts: MAIL,
    keys: "K",
    name: "previous message",
    help: "previous message",
  },
  view_all: { ...VIEW, keys: "1", name: "view all", help: "all" },
  view_due: { ...VIEW, keys: "2", name: "view due", help: "due: queued or being sent" },
  view_deferred: { ...VIEW, keys: "3", name: "view deferred", help: "deferred" },
  view_failed: { ...VIEW, keys: "4", name: "view failed", help: "failed, wholly or in part" },
  view_sent: { ...VIEW, keys: "5", name: "view sent", help: "sent" },
  view_held: { ...VIEW, keys: "6", name: "view held", help: "held" },
  view_scheduled: { ...VIEW, keys: "7", name: "view scheduled", help: "scheduled for later" },
  problems: {
    ...VIEW,
    keys: "0",
    name: "problems",
    help: "what is wrong, and what waits or has failed by its refusal",
  },
  next_match: { ...VIEW, contexts: MAIL, keys: "n", name: "next match", help: "next match" },
  previous_match: {
    ...VIEW,
    contexts: MAIL,
    keys: "N",
    name: "previous match",
    help: "previous match",
  },
  clear_filter: {
    ...VIEW,
    contexts: MAIL,
    keys: "\\",
    name: "clear filter",
    help: "clear the filter, or what was looked for",
  },
  range: { ...MARK, keys: "v", name: "range", help: "mark a range: move, then Space or v" },
  mark_all: {
    ...MARK,
    keys: "*",
    name: "mark all matching",
    help: "mark all that match, seen or not",
  },
  unmark: { ...MARK, keys: "u", name: "unmark", help: "unmark all" },
  sort: { ...LOOK, contexts: LIST, keys: "s", name: "sort", help: "sort by the next thing" },
  reverse: { ...LOOK, contexts: LIST, keys: "S", name: "reverse", help: "reverse the order" },
  preview: {
    ...LOOK,
    contexts: LIST,
    keys: "o",
    name: "preview pane",
    help: "preview pane, from 150x30 on",
  },
  wrap: { ...LOOK, keys: "w", name: "wrap", help: "wrap long lines" },
  copy: {
    ...LOOK,
    keys: "y",
    name: "copy",
    help: "copy id, addresses, Message-ID, reply or command (OSC 52)",
  },
  attachments: {
    ...LOOK,
    contexts: DETAIL,
    keys: "a",
    name: "attachments",
    help: "save an attachment, or give it to a program; it is never run",
    footer: "attached",
  },
  pager: { ...LOOK, keys: "e", name: "pager", help: "the raw message in $PAGER" },
  pipe: { ...LOOK, keys: "|", name: "pipe", help: "pipe the raw message to a command" },
  stats: {
    ...VIEW,
    keys: "",
    name: "stats",
    help: "counts, throughput, failing domains, workers",
  },
  resend_changed: {
    ...ACT,
    contexts: MAIL,
    keys: "",
    name: "resend changed",
    help: "send again as a new message with another sender or other recipients",
  },
  pause_queue: {
    ...ACT,
    contexts: ANYWHERE,
    keys: "",
    name: "pause the queue",
    help: "stop all sending from this queue",
  },
  resume_queue: {
    ...ACT,
    contexts: ANYWHERE,
    keys: "",
    name: "resume the queue",
    help: "start sending again",
  },
  pause: {
    ...PROGRAM,
    keys: ".",
    name: "pause live refresh",
    help: "pause live refresh, or go on",
  },
  redraw: { ...PROGRAM, keys: "Ctrl-l", name: "redraw", help: "draw the screen anew" },
  suspend: { ...PROGRAM, keys: "Ctrl-z", name: "suspend", help: "suspend; `fg` goes on" },
  quit_now: { ...PROGRAM, keys: "Ctrl-c", name: "quit at once", help: "quit at once" },
  palette: {
    ...PROGRAM,
    keys: ":",
    name: "palette",
    help: "find a command by its name",
    footer: "cmd",
  },
  help: { ...PROGRAM, keys: "? F1", name: "help", help: "this help", footer: "help" },
  quit: {
    ...PROGRAM,
    keys: "q",
    name: "quit",
    help: "back, and from the list out",
    footer: "quit",
  },
} as const satisfies Readonly<Record<string, Row>>;
