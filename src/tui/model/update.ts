// The heart of the screen: a state and an event in, a state and effects out. Called by session.tsx
// for everything that happens. Keys go on to commands.ts, or to dialogs.ts where one is open. Pure.

import { bindingFor } from "../keys/keys.ts";
import { resultText } from "./actions.ts";
import { refresh, runCommand } from "./commands.ts";
import { contentCame, detailCame, follow } from "./message/detail.ts";
import { keyInDialog } from "./dialogs/dialogs.ts";
import { type Event, type Step, step, then } from "./events.ts";
import { openForm } from "./dialogs/form.ts";
import { inView, listRows, recount, windowCame } from "./list/window.ts";
import { noteSent } from "./rate.ts";
import { MIN_SIZE } from "./layout.ts";
import type { State } from "./state.ts";

/** The screen after an event, and what it wants done. `now` is the time of the event. Pure. */
export function update(before: State, event: Event, now: number): Step {
  // A list's rows and the ages beside them are of one time.
  const state = event.kind === "changed" || event.kind === "key" ? before : { ...before, now };
  switch (event.kind) {
    case "key":
      return keyPressed({ ...state, now: Math.max(now, state.now) }, event);
    case "resized": {
      const resized = { ...state, size: event.size };
      const { list } = resized;
      // A taller screen is filled.
      const top = Math.max(0, Math.min(list.top, list.rows.length - listRows(resized)));
      return follow({ ...resized, list: inView({ ...list, top }, listRows(resized)) });
    }
    case "ticked":
      return step(state, ...state.isLive ? [{ kind: "status" } as const] : []);
    case "changed":
      return state.isLive ? refresh(state) : step({ ...state, isStale: true });
    case "window": {
      if (event.generation !== state.list.generation) return step(state);
      const came = windowCame({ ...state, readAt: now }, event.window);
      const followed = then(came, follow);
      // What changed while it was read.
      return state.isStale && state.isLive ? then(followed, refresh) : followed;
    }
    case "counted":
      return event.generation === state.list.generation
        ? step({ ...state, list: { ...state.list, total: event.count } })
        : step(state);
    case "all_counted":
      return allCounted(state, event);
    case "status":
      return step(
        recount(noteSent({ ...state, status: event.status, readAt: now }, event.status)),
      );
    case "stats":
      return step({ ...state, stats: event.stats });
    case "detail":
      return detailCame(state, event.id, event.message);
    case "content":
      return contentCame(state, event.id, event.content);
    case "edit":
      return step(openForm(state, event.message));
    case "acted": {
      const text = resultText(event.verb, event.target, event.outcome);
      const marked = event.target.isAll || state.list.marks.size > 0
        ? { ...state, list: { ...state.list, marks: new Map(), all: null, range: null } }
        : state;
      return done(marked, text);
    }
    case "resent":
      return done(state, `Queued as ${event.id}, a changed copy of ${event.from}`);
    case "queue_paused":
      return done(state, event.isPaused ? "The queue is paused" : "The queue sends again");
    case "failed": {
      const isListing = event.generation !== undefined;
      if (isListing && event.generation !== state.list.generation) return step(state);
      const notice = { text: event.text, isError: true };
      return step({
        ...state,
        notice,
        working: Math.max(0, state.working - (event.of === "action" ? 1 : 0)),
        list: isListing ? { ...state.list, isLoading: false, owed: 0 } : state.list,
      });
    }
    case "noticed":
      return step({ ...state, notice: { text: event.text, isError: event.isError } });
  }
}

function keyPressed(state: State, { key }: Extract<Event, { kind: "key" }>): Step {
  const { columns, rows } = state.size;
  const isTooSmall = columns < MIN_SIZE.columns || rows < MIN_SIZE.rows;
  const binding = bindingFor(key.name, state.screen);
  // Whatever is open, these two work, and where nothing can be seen nothing else does.
  if (binding?.id === "quit_now" || binding?.id === "suspend") return runCommand(state, binding);
  if (isTooSmall) return key.name === "q" ? step(state, { kind: "quit" }) : step(state);
  const pressed = state.dialog !== null
    ? keyInDialog(state, state.dialog, key, runCommand)
    : binding === null
    ? step(state)
    : runCommand(state, binding);
  // Whatever moved the cursor, the preview pane goes with it.
  return pressed.state.screen === "list" ? then(pressed, follow) : pressed;
}

/** An action came to its end: what it changed is read. */
function done(state: State, text: string): Step {
  const notice = { text, isError: false };
  return refresh({ ...state, notice, working: Math.max(0, state.working - 1) });
}

function allCounted(
  state: State,
  { filter, count }: Extract<Event, { kind: "all_counted" }>,
): Step {
  const { all } = state.list;
  if (all === null || all.filter !== filter) return step(state);
  const list = { ...state.list, all: { ...all, count } };
  const notice = { text: `${count} marked: all that match`, isError: false };
  const { dialog } = state;
  // A box that waits for the number.
  const asked = dialog?.kind === "confirm" && dialog.target.isAll
    ? {
      ...dialog,
      target: { ...dialog.target, count: Math.max(0, count - all.except.size) },
    }
    : dialog;
  return step({ ...state, list, notice, dialog: asked });
}
