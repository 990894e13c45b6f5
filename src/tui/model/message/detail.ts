// The message of the detail screen or the preview pane: reading it, its tabs, its cursor, finding
// in it. Called by commands.ts, update.ts and the screens. Painting is left to screens/. Pure.

import type { MessageDetail } from "../../../queue/message.ts";
import type { ShownContent } from "../../data/data.ts";
import { type Layout, layoutOf } from "../layout.ts";
import { type TextRows, textRows } from "./text_rows.ts";
import { type AttemptLine, attemptLines } from "./attempt_lines.ts";
import { type Effect, type Step, step } from "../events.ts";
import { currentRow, type DetailState, type State, type Tab, TABS } from "../state.ts";

/** Shows a message on a screen of its own. */
export function openDetail(state: State): Step {
  const row = currentRow(state.list);
  if (row === null) return step(state);
  const opened: State = { ...state, screen: "detail", notice: null };
  return state.detail?.id === row.id
    ? step({ ...opened, detail: { ...state.detail, wanted: row.id } })
    : read(opened, row.id);
}

/** Sees to it that the message of the detail screen, or of the preview pane, is the one under the
 *  cursor, and that it is read. One at a time is asked for, so that a cursor that runs through the
 *  list leaves no heap of questions behind. */
export function follow(state: State): Step {
  const layout = layoutOf(state);
  if (state.screen === "view" || (state.screen === "list" && layout.previewColumns === 0)) {
    return step(state);
  }
  const row = currentRow(state.list);
  const { detail } = state;
  // An empty list has nothing to preview.
  if (row === null && state.screen === "list" && !state.list.isLoading) {
    return step({ ...state, detail: null });
  }
  // A message that left the list stays on its own screen.
  if (row === null || (state.screen === "detail" && detail !== null && detail.wanted !== row.id)) {
    return step(state);
  }
  if (detail?.id === row.id) return step({ ...state, detail: { ...detail, wanted: row.id } });
  if (detail !== null && isReading(detail)) {
    return step({ ...state, detail: { ...detail, wanted: row.id } });
  }
  return read(state, row.id);
}

/** Reads a message, keeping what the operator set. */
export function read(state: State, id: string): Step {
  const { detail } = state;
  const tab = detail?.tab ?? "Attempts";
  const opened: DetailState = {
    id,
    wanted: id,
    message: null,
    content: null,
    tab,
    isWrapped: detail?.isWrapped ?? true,
    scroll: 0,
    cursor: 0,
    folds: new Map(),
  };
  return step({ ...state, detail: opened }, { kind: "detail", id }, ...contentWanted(opened));
}

/** Another message is waited for, or this one. */
function isReading({ message, content, tab }: DetailState): boolean {
  return message === null || (tab !== "Attempts" && content === null && message !== "gone");
}

function contentWanted({ id, tab, content }: DetailState): Effect[] {
  return tab === "Attempts" || content !== null ? [] : [{ kind: "content", id }];
}

export function detailCame(state: State, id: string, message: MessageDetail | null): Step {
  const { detail } = state;
  if (detail === null || detail.id !== id) return step(state);
  return goOn({ ...state, detail: clamp(state, { ...detail, message: message ?? "gone" }) });
}

export function contentCame(state: State, id: string, content: DetailState["content"]): Step {
  const { detail } = state;
  if (detail === null || detail.id !== id) return step(state);
  return goOn({ ...state, detail: { ...detail, content } });
}

/** The cursor went on while a message was read. */
function goOn(state: State): Step {
  const { detail } = state;
  return detail === null || detail.wanted === detail.id || isReading(detail)
    ? step(state)
    : read(state, detail.wanted);
}

export function turnTab(state: State, by: number): Step {
  const { detail } = state;
  if (detail === null) return step(state);
  const at = (TABS.indexOf(detail.tab) + by + TABS.length) % TABS.length;
  const tab: Tab = TABS[at] ?? "Attempts";
  const turned = { ...detail, tab, scroll: 0, cursor: 0 };
  return step({ ...state, detail: turned }, ...contentWanted(turned));
}

export function toggleWrap(state: State): State {
  const { detail } = state;
  if (detail === null) return state;
  return {
    ...state,
    detail: { ...detail, isWrapped: !detail.isWrapped, scroll: 0, cursor: 0 },
  };
}

/** Unfolds or folds what stands under the cursor. */
export function toggleFold(state: State): State {
  const { detail } = state;
  const fold = linesOf(state)[detail?.cursor ?? 0]?.fold;
  if (detail === null || !fold) return state;
  const folds = new Map([...detail.folds, [fold.key, !fold.isOpen] as const]);
  return { ...state, detail: { ...detail, folds } };
}

/** The lines of the Attempts tab; none on another tab. */
export function linesOf(state: State): readonly AttemptLine[] {
  const { detail } = state;
  if (detail?.tab !== "Attempts" || detail.message === null || detail.message === "gone") return [];
  return attemptLines(detail.message, {
    folds: detail.folds,
    columns: layoutOf(state).textColumns,
    isWrapped: detail.isWrapped,
    maxTries: state.maxTries,
    now: state.now,
  });
}

/** The rows of a text tab; null where there is no text (yet). */
export function rowsOf(state: State): TextRows | null {
  const { detail } = state;
  if (detail === null || detail.content === null || "error" in detail.content) return null;
  const text = tabText(detail.content, detail.tab);
  return text === null
    ? null
    : textRows({ text, columns: layoutOf(state).textColumns, isWrapped: detail.isWrapped });
}

const texts = new WeakMap<ShownContent, string>();

function tabText(content: ShownContent, tab: Tab): string | null {
  switch (tab) {
    case "Headers":
      return content.headers;
    case "Text":
      return withAttachments(content);
    case "Html":
      return content.html;
    case "Raw":
      return content.raw;
    case "Attempts":
      return null;
  }
}

/** The text, with what became of it above and its attachments named below; always the same
 *  string. */
function withAttachments(content: ShownContent): string | null {
  const { text, attachments, failure } = content;
  if (attachments.length === 0 && failure === null) return text;
  const known = texts.get(content);
  if (known !== undefined) return known;
  const parts = [
    ...failure === null ? [] : [`[shown as it is: ${failure}]`],
    ...text === null ? [] : [text],
    ...attachments.length === 0 ? [] : [
      attachments.map((one) => `[attachment] ${one.text}`).join("\n") + "\na saves or opens them",
    ],
  ];
  const all = parts.join("\n\n");
  texts.set(content, all);
  return all;
}

/** Moves the cursor of Attempts, or the text. */
export function moveDetail(state: State, rows: number): Step {
  const { detail } = state;
  if (detail === null) return step(state);
  const moved = detail.tab === "Attempts"
    ? { ...detail, cursor: detail.cursor + rows }
    : { ...detail, scroll: detail.scroll + rows };
  return step({ ...state, notice: null, detail: clamp(state, moved) });
}

function clamp(state: State, detail: DetailState): DetailState {
  const next = { ...state, detail };
  const { textRows: height }: Layout = layoutOf(next);
  if (detail.tab === "Attempts") {
    const count = linesOf(next).length;
    const cursor = Math.max(0, Math.min(detail.cursor, count - 1));
    const lowest = Math.max(0, Math.min(detail.scroll, count - height));
    return { ...detail, cursor, scroll: Math.min(cursor, Math.max(lowest, cursor - height + 1)) };
  }
  const rows = rowsOf(next);
  const scroll = Math.max(0, detail.scroll);
  if (rows === null) return { ...detail, scroll: 0 };
  // Only what is seen is wrapped.
  return rows.has(scroll + height)
    ? { ...detail, scroll }
    : { ...detail, scroll: Math.max(0, Math.min(scroll, rows.count - height)) };
}

/** To the next line, or the one before, that holds `text`, in any case. */
export function find(state: State, text: string, direction: "forward" | "backward"): Step {
  const { detail } = state;
  if (detail === null || text === "") return step(state);
  const isAttempts = detail.tab === "Attempts";
  const rows = rowsOf(state);
  const all = isAttempts
    ? linesOf(state).map((line) => line.text)
    : rows?.slice(0, rows.count) ?? [];
  const wanted = text.toLowerCase();
  const from = isAttempts ? detail.cursor : detail.scroll;
  const order = all.map((_, i) =>
    (direction === "forward" ? from + 1 + i : from - 1 - i + 2 * all.length) % all.length
  );
  const found = order.find((at) => all[at]?.toLowerCase().includes(wanted));
  if (found === undefined) {
    return step({ ...state, notice: { text: `"${text}" is not there`, isError: true } });
  }
  const moved = isAttempts ? { ...detail, cursor: found } : { ...detail, scroll: found };
  return step({ ...state, notice: null, detail: clamp(state, moved) });
}
