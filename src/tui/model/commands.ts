// What each command of the key table does to the state. Called by update.ts for a key and by the
// palette for a name. The longer ones are in list.ts, detail.ts, marks.ts, actions.ts. Pure.

import { SORTS } from "../../queue/filter.ts";
import {
  type CommandId,
  isViewCommand,
  type KeyBinding,
  type ViewCommandId,
} from "../keys/keys.ts";
import { layoutOf } from "./layout.ts";
import { textInput } from "../keys/text_input.ts";
import { makeChange } from "./acting/changes.ts";
import { askAction, askResend, chosen, holdOrRelease } from "./acting/actions.ts";
import {
  find,
  follow,
  moveDetail,
  openDetail,
  read,
  toggleFold,
  toggleWrap,
  turnTab,
} from "./message/detail.ts";
import { openAttachments } from "./dialogs/attachments.ts";
import { openCopy } from "./dialogs/copy.ts";
import { openPrompt } from "./dialogs/open_prompt.ts";
import { applyFilter } from "./dialogs/prompt.ts";
import { type Step, step, then } from "./events.ts";
import {
  listRows,
  moveBy,
  moveToEnd,
  openFilter,
  openListing,
  refreshList,
} from "./list/window.ts";
import { endRange, markAll, toggleMark, toggleRange, unmarkAll } from "./list/marks.ts";
import {
  actOnRow,
  filterView,
  moveView,
  openRow,
  openView,
  refreshView,
  runViewCommand,
  turnView,
} from "./view.ts";
import { EMPTY_FILTER } from "./list/filter_text.ts";
import type { Verb } from "../data/data.ts";
import { currentRow, type State } from "./state.ts";

/** Does what a key or the palette asked for. */
export function runCommand(state: State, binding: KeyBinding): Step {
  if (binding.isAction === true && state.isReadonly) {
    return refused(state, `Read-only: ${binding.name} is not done`);
  }
  const { id } = binding;
  return isViewCommand(id) ? runViewCommand(state, id) : COMMANDS[id](state);
}

const COMMANDS: Readonly<Record<Exclude<CommandId, ViewCommandId>, (state: State) => Step>> = {
  next_view: (state) => turnView(state, 1),
  previous_view: (state) => turnView(state, -1),
  open: (state) => {
    if (state.screen === "list") return openDetail(state);
    if (state.screen === "view") return openRow(state);
    return step(toggleFold(state));
  },
  back: (state) =>
    state.list.range !== null
      ? step(endRange(state))
      : back(state) ?? (state.list.filterText === "" ? step(state) : applyFilter(state, "")),
  down: (state) => move(state, 1),
  up: (state) => move(state, -1),
  half_down: (state) => move(state, halfPage(state)),
  half_up: (state) => move(state, -halfPage(state)),
  page_down: (state) => move(state, 2 * halfPage(state)),
  page_up: (state) => move(state, -2 * halfPage(state)),
  top: (state) => state.screen === "list" ? moveToEnd(state, "top") : move(state, -1e9),
  bottom: (state) => state.screen === "list" ? moveToEnd(state, "bottom") : move(state, 1e9),
  mark: toggleMark,
  retry: (state) => act(state, "retry"),
  resend: (state) => state.screen === "view" ? actOnRow(state, "resend_unsent") : askResend(state),
  cancel: (state) => act(state, "cancel"),
  delete: (state) => act(state, "delete"),
  hold: (state) => act(state, state.screen === "view" ? "hold" : holdOrRelease(state)),
  undo: (state) =>
    state.work !== null
      ? refused(state, "An action is being done: q can stop it")
      : step({ ...state, notice: null, working: state.working + 1 }, { kind: "undo" }),
  last: (state) => openFilter(state, "last:action"),
  filter: (state) =>
    step(openPrompt(
      state,
      "filter",
      state.screen === "view" ? "" : withBlank(state.list.filterText),
    )),
  find: (state) => step(openPrompt(state, "find", state.found)),
  clear_filter: (state) =>
    state.screen === "detail" ? step({ ...state, found: "" }) : applyFilter(state, ""),
  next_match: (state) =>
    state.screen === "detail" ? find(state, state.found, "forward") : move(state, 1),
  previous_match: (state) =>
    state.screen === "detail" ? find(state, state.found, "backward") : move(state, -1),
  palette: (state) =>
    step({ ...state, notice: null, dialog: { kind: "palette", input: textInput(), chosen: 0 } }),
  help: (state) =>
    step({ ...state, dialog: { kind: "help", scroll: 0, query: textInput(), isTyping: false } }),
  quit: (state) => back(state) ?? quit(state),
  quit_now: quit,
  next_tab: (state) => turnTab(state, 1),
  previous_tab: (state) => turnTab(state, -1),
  next_message: (state) => moveMessage(state, 1),
  previous_message: (state) => moveMessage(state, -1),
  view_all: (state) => openStatuses(state, 0),
  view_due: (state) => openStatuses(state, 1),
  view_deferred: (state) => openStatuses(state, 2),
  view_failed: (state) => openStatuses(state, 3),
  view_sent: (state) => openStatuses(state, 4),
  view_held: (state) => openStatuses(state, 5),
  view_scheduled: (state) => openStatuses(state, 6),
  problems: (state) => openView(state, "problems"),
  range: toggleRange,
  mark_all: markAll,
  unmark: (state) => step(unmarkAll(state)),
  sort: (state) => {
    const at = SORTS.indexOf(state.list.sort);
    const sort = SORTS[(at + 1) % SORTS.length] ?? "newest";
    return told(openListing(state, { sort, isReversed: false }), `Sorted by ${sort}`);
  },
  reverse: (state) => {
    const isReversed = !state.list.isReversed;
    return told(
      openListing(state, { isReversed }),
      `Sorted by ${state.list.sort}${isReversed ? ", reversed" : ""}`,
    );
  },
  preview: (state) => follow({ ...state, hasPreview: !state.hasPreview }),
  wrap: (state) => step(toggleWrap(state)),
  copy: openCopy,
  attachments: openAttachments,
  pager: (state) => withMessage(state, (id) => step(state, { kind: "pager", id })),
  pipe: (state) => withMessage(state, () => step(openPrompt(state, "pipe"))),
  stats: (state) => openView(state, "stats"),
  relays: (state) => openView(state, "relays"),
  workers: (state) => openView(state, "workers"),
  pauses: (state) => openView(state, "pauses"),
  suppressions: (state) => openView(state, "suppressions"),
  events: (state) => openView(state, "events"),
  settings: (state) => openView(state, "settings"),
  output: (state) => openView(state, "output"),
  doctor: (state) => step(state, { kind: "run", args: ["doctor"] }),
  send_all: (state) =>
    askRun(state, "Send all that is queued now, in one pass?", ["send", "--verbose"]),
  send: (state) => {
    const ids = chosen(state).map(({ id }) => id);
    if (ids.length === 0 || state.list.all !== null && state.screen === "list") {
      return refused(state, "Mark the messages to send; `send all` sends all that is queued");
    }
    if (ids.length > MOST_NAMED) {
      return refused(state, `Over ${MOST_NAMED} messages are marked: \`send all\` sends them`);
    }
    const what = ids.length === 1 ? ids[0] : `${ids.length} messages`;
    return askRun(state, `Send ${what} now?`, ["send", "--verbose", ...ids]);
  },
  purge: (state) => step(openPrompt(state, "purge")),
  export: (state) => withMessage(state, () => step(openPrompt(state, "export"))),
  resend_changed: (state) => {
    const messages = chosen(state);
    const [message] = messages;
    if (message !== undefined && messages.length === 1 && state.list.all === null) {
      return step(state, { kind: "edit", id: message.id });
    }
    return refused(state, "Choose one message to change its envelope");
  },
  pause_queue: (state) =>
    step({
      ...state,
      notice: null,
      dialog: {
        kind: "sure",
        text: "Pause the whole queue? Nothing is sent until somebody resumes it.",
        effect: {
          kind: "change",
          change: { kind: "pause", part: null, forMs: null, reason: null },
        },
      },
    }),
  resume_queue: (state) => makeChange(state, { kind: "resume", part: null }),
  pause: (state) => {
    const isLive = !state.isLive;
    return isLive && state.isStale ? refresh({ ...state, isLive }) : step({ ...state, isLive });
  },
  redraw: (state) => then(refresh(state), (next) => step(next, { kind: "redraw" })),
  suspend: (state) => step(state, { kind: "suspend" }),
};

/** Leaves; asks before that while an action is under way, which would be left half done. */
function quit(state: State): Step {
  return state.work === null || state.dialog?.kind === "leaving"
    ? step(state, { kind: "quit" })
    : step({ ...state, dialog: { kind: "leaving" } });
}

/** Reads anew all that is on the screen. */
export function refresh(state: State): Step {
  const effects = [
    { kind: "status" } as const,
    ...state.detail === null ? [] : [{ kind: "detail", id: state.detail.id } as const],
  ];
  return then(
    then(step({ ...state, isStale: false }, ...effects), refreshView),
    (next) => next.list.isLoading ? step({ ...next, isStale: true }) : refreshList(next),
  );
}

function askRun(state: State, text: string, args: readonly string[]): Step {
  return step({
    ...state,
    notice: null,
    dialog: { kind: "sure", text, effect: { kind: "run", args } },
  });
}

/** More ids are not given to one command line. */
const MOST_NAMED = 1_000;

/** One step back; null where there is none. */
function back(state: State): Step | null {
  const { cameFrom } = state.list;
  switch (state.screen) {
    case "detail":
      return follow({ ...state, screen: "list", notice: null, found: "" });
    case "list":
      return cameFrom === null ? null : openView(state, cameFrom.name, cameFrom);
    case "view": {
      const { view } = state;
      if (view !== null && view.query !== "") return filterView(state, "");
      return view === null || view.isFirst ? null : follow({ ...state, screen: "list" });
    }
  }
}

function act(state: State, verb: Verb): Step {
  return state.screen === "view" ? actOnRow(state, verb) : askAction(state, verb);
}

/** A filter that is there already is added to. */
function withBlank(text: string): string {
  return text === "" ? "" : `${text} `;
}

function halfPage(state: State): number {
  const rows = state.screen === "detail" ? layoutOf(state).textRows : listRows(state);
  return Math.max(1, Math.floor(rows / 2));
}

function move(state: State, rows: number): Step {
  switch (state.screen) {
    case "list":
      return then(moveBy(state, rows), follow);
    case "detail":
      return moveDetail(state, rows);
    case "view":
      return step(moveView(state, rows));
  }
}

/** J and K: also on the detail screen. */
function moveMessage(state: State, by: number): Step {
  return then(moveBy(state, by), (moved) => {
    const row = currentRow(moved.list);
    if (moved.screen !== "detail") return follow(moved);
    return row === null || row.id === moved.detail?.id ? step(moved) : read(moved, row.id);
  });
}

function openStatuses(state: State, view: number): Step {
  // A status in the filter line would leave nothing of another view.
  const { filter, filterText } = state.list;
  const keepsFilter = filter.statuses === null && state.screen !== "view";
  return openListing(state, {
    view,
    filterText: keepsFilter ? filterText : "",
    ...keepsFilter ? {} : { filter: EMPTY_FILTER },
  });
}

function withMessage(state: State, use: (id: string) => Step): Step {
  const id = state.screen === "detail" ? state.detail?.id : currentRow(state.list)?.id;
  return id === undefined ? refused(state, "There is no message here") : use(id);
}

function told({ state, effects }: Step, text: string): Step {
  return { state: { ...state, notice: { text, isError: false } }, effects };
}

function refused(state: State, text: string): Step {
  return step({ ...state, notice: { text, isError: true } });
}
