// The heart of the screen: a state and an event in, a state and effects out. Called by session.tsx
// for everything that happens. Keys go on to commands.ts, or to dialogs.ts where one is open. Pure.

import { Hindrances } from "../../app/status/hindrances.ts";
import { isUndoable, resultText, targetCame, undoneText } from "./acting/actions.ts";
import { refresh, runCommand } from "./commands.ts";
import { contentCame, detailCame, follow } from "./message/detail.ts";
import { keyInDialog } from "./dialogs/dialogs.ts";
import { type Event, type Step, step, then } from "./events.ts";
import { openForm } from "./dialogs/form.ts";
import { inView, listRows, recount, windowCame } from "./list/window.ts";
import { noteSent } from "./rate.ts";
import type { Change } from "../data/data.ts";
import { isTroubled } from "./trouble.ts";
import { mouseUsed } from "./mouse.ts";
import { NOT_LEFT, openView, viewCame } from "./view.ts";
import { MIN_SIZE } from "./layout.ts";
import { placeOf, type State } from "./state.ts";

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
      return changed(state, event.change);
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
    case "status": {
      const { status, rateUses } = event;
      const hindrances = new Hindrances({ settings: state.settings, status, rateUses, now });
      const known = recount(noteSent({ ...state, status, hindrances, readAt: now }, status));
      // What is wrong stands first, unless somebody has begun to look at something else.
      return state.status === null && state.isUntouched && isTroubled(known)
        ? openView(known, "problems", { ...NOT_LEFT, isFirst: true })
        : step(known);
    }
    case "view":
      return viewCame(state, event);
    case "detail":
      return detailCame(state, event.id, event.message);
    case "content":
      return contentCame(state, event.id, event.content);
    case "edit":
      return step(openForm(state, event.message));
    case "undone":
      return done(state, undoneText(event.result));
    case "targeted":
      return targetCame(state, event);
    case "progress":
      return step(
        state.work === null ? state : { ...state, work: { ...state.work, done: event.done } },
      );
    case "acted":
      return acted(state, event);
    case "resent":
      return done(
        { ...state, sentForm: null },
        `Queued as ${event.id}, a changed copy of ${event.from}`,
      );
    case "change_made":
      return done(state, event.text);
    case "program_began":
      return openView(state, "output");
    case "failed": {
      const isListing = event.generation !== undefined;
      if (isListing && event.generation !== state.list.generation) return step(state);
      const notice = { text: event.text, isError: true };
      return step({
        ...state,
        notice,
        working: Math.max(0, state.working - (event.of === "action" ? 1 : 0)),
        work: event.of === "action" ? null : state.work,
        // What was typed is there to be mended.
        dialog: event.of === "action" && state.sentForm !== null && state.dialog === null
          ? { ...state.sentForm, isAsking: false }
          : state.dialog,
        sentForm: event.of === "action" ? null : state.sentForm,
        list: isListing ? { ...state.list, isLoading: false, owed: 0 } : state.list,
      });
    }
    case "noticed":
      return step({ ...state, notice: { text: event.text, isError: event.isError } });
  }
}

function keyPressed(before: State, { key }: Extract<Event, { kind: "key" }>): Step {
  const state = { ...before, isUntouched: false };
  const { columns, rows } = state.size;
  const isTooSmall = columns < MIN_SIZE.columns || rows < MIN_SIZE.rows;
  const binding = state.keys.at(key.name, placeOf(state));
  // Whatever is open, these two work, and where nothing can be seen nothing else does.
  if (binding?.id === "quit_now" || binding?.id === "suspend") return runCommand(state, binding);
  if (isTooSmall) return key.name === "q" ? step(state, { kind: "quit" }) : step(state);
  const mouse = mouseUsed(state, key);
  const pressed = mouse !== null
    ? mouse
    : state.dialog !== null
    ? keyInDialog(state, state.dialog, key, runCommand)
    : binding === null
    ? step(state)
    : runCommand(state, binding);
  // Whatever moved the cursor, the preview pane goes with it.
  return pressed.state.screen === "list" ? then(pressed, follow) : pressed;
}

function changed(state: State, change: Change): Step {
  switch (change) {
    case "changed":
      return state.isLive ? refresh(state) : step({ ...state, isStale: true });
    case "gone":
      return step({ ...state, isGone: true });
    case "back":
      return refresh({ ...state, isGone: false });
    case "replaced": {
      const notice = {
        text: "Another file was put in the queue's place: this is it",
        isError: true,
      };
      // What was marked was marked in another queue.
      const list = { ...state.list, marks: new Map(), all: null, range: null };
      return refresh({ ...state, isGone: false, list, dialog: null, notice });
    }
  }
}

/** An action on messages came to its end, or was stopped. */
function acted(state: State, event: Extract<Event, { kind: "acted" }>): Step {
  const ended: State = {
    ...state,
    work: null,
    dialog: state.dialog?.kind === "leaving" ? null : state.dialog,
    list: { ...state.list, marks: new Map(), all: null, range: null },
  };
  const text = resultText(event);
  return state.isLeaving
    ? step(ended, { kind: "quit", said: text })
    : done(ended, isUndoable(event) ? `${text} · U takes it back` : text);
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
  return step({ ...state, list, notice });
}
