// All that the screen knows at a moment: list, detail, dialog, notice, counts. Made once by
// session.tsx and then only by update.ts and what it calls; the screens read it.

import type { Hindrances } from "../../app/status/hindrances.ts";
import type { MessageDetail, MessageSummary } from "../../queue/message.ts";
import type { Sort } from "../../queue/filter.ts";
import type { QueueStatus } from "../../queue/status.ts";
import type { ViewData, ViewName } from "../data/views/view_data.ts";
import type { ListedStatus } from "./list/filter_fields.ts";
import type { ScreenFilter, ShownContent, Verb } from "../data/data.ts";
import type { Dialog, PromptKind } from "./dialogs/dialog.ts";
import { EMPTY_FILTER, type ParsedFilter } from "./list/filter_text.ts";
import type { Keys } from "../keys/keys.ts";
import type { Place } from "../keys/places.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A view: what the digits choose. */
interface View {
  readonly name: string;
  /** Null = any. */
  readonly statuses: readonly ListedStatus[] | null;
  /** Only what may be sent now. */
  readonly isDue?: boolean;
}

export const VIEWS: readonly View[] = [
  { name: "All", statuses: null },
  { name: "Due", statuses: null, isDue: true },
  { name: "Deferred", statuses: ["deferred"] },
  { name: "Failed", statuses: ["failed", "partial"] },
  { name: "Sent", statuses: ["sent"] },
  { name: "Held", statuses: ["held"] },
  { name: "Scheduled", statuses: ["scheduled"] },
];

export const TABS = ["Headers", "Text", "Html", "Raw", "Attempts"] as const;
export type Tab = typeof TABS[number];

/** All that matched when `*` was pressed, but for some. */
interface AllMarked {
  readonly filter: ScreenFilter;
  /** Null while they are being counted. */
  readonly count: number | null;
  readonly except: ReadonlySet<string>;
}

/** A range being marked: the rows walked over since it began, the first one first. */
interface Range {
  readonly base: ReadonlyMap<string, MessageSummary>;
  readonly path: readonly MessageSummary[];
}

export interface ListState {
  readonly view: number;
  readonly filterText: string;
  readonly filter: ParsedFilter;
  readonly sort: Sort;
  readonly isReversed: boolean;
  /** The view that led to this listing; null where none did. */
  readonly cameFrom: ViewPlace | null;
  /** A part of the listing, around the cursor. */
  readonly rows: readonly MessageSummary[];
  readonly atStart: boolean;
  readonly atEnd: boolean;
  /** The place of the first of `rows` in the whole listing; null if it is not known. */
  readonly offset: number | null;
  /** Places in `rows`. */
  readonly cursor: number;
  readonly top: number;
  /** How many match; null if it is not known (yet). */
  readonly total: number | null;
  /** The first row when the operator last saw the beginning. */
  readonly seenFirst: string | null;
  readonly marks: ReadonlyMap<string, MessageSummary>;
  readonly all: AllMarked | null;
  readonly range: Range | null;
  /** Answers to questions of an earlier generation are of no use any more. */
  readonly generation: number;
  readonly isLoading: boolean;
  /** The message around which the rows are read that are awaited. */
  readonly anchor: string | null;
  /** The rows that are awaited are those of an end, to which the cursor goes. */
  readonly isGoingToEnd: boolean;
  /** The rows that are awaited are the first ones, for a cursor that stands on the first row. */
  readonly isFollowing: boolean;
  /** Rows still to be moved once more of the listing is there. */
  readonly owed: number;
}

export interface DetailState {
  readonly id: string;
  /** Null while it is read; `gone` if it is not there any more. */
  readonly message: MessageDetail | "gone" | null;
  readonly content: ShownContent | { readonly error: string } | null;
  readonly tab: Tab;
  readonly isWrapped: boolean;
  /** The first row shown, and the row of the cursor in Attempts. */
  readonly scroll: number;
  readonly cursor: number;
  /** What of the attempts was unfolded or folded by hand. */
  readonly folds: ReadonlyMap<string, boolean>;
  readonly wanted: string;
}

/** An action under way. */
interface Work {
  readonly verb: Verb;
  readonly done: number;
  readonly of: number;
  readonly isStopping: boolean;
}

interface Notice {
  readonly text: string;
  readonly isError: boolean;
}

type Screen = "list" | "detail" | "view";

/** A view, and where in it somebody is. */
export interface ViewPlace {
  readonly name: ViewName;
  /** The key of the cursor's row; null = the first that has one. */
  readonly cursor: string | null;
  readonly scroll: number;
  /** What was typed to see only some of its rows. */
  readonly query: string;
  /** It stood first because something is wrong: there is no list behind it. */
  readonly isFirst: boolean;
}

/** A view that is open in the list's place, or was last. */
export interface ViewState extends ViewPlace {
  /** What was read for it; null until then. */
  readonly data: ViewData[ViewName] | null;
  readonly isReading: boolean;
  /** The queue has changed since it was asked for. */
  readonly isStale: boolean;
  /** What reading it took last. */
  readonly tookMs: number;
}

/** The settings that say by which relays mail goes, and how fast. */
export type MailSettings = ConstructorParameters<typeof Hindrances>[0]["settings"];

/** A setting in force, secrets masked. */
export interface ShownSetting {
  readonly name: string;
  readonly value: string;
  /** The file, variable or flag it is from. */
  readonly origin: string;
}

export interface State {
  readonly size: Size;
  readonly queue: string;
  readonly isReadonly: boolean;
  readonly keys: Keys;
  /** 1 + retry.max; null = no limit. */
  readonly maxTries: number | null;
  /** The time the screen tells ages by. */
  readonly now: number;
  /** What the settings say of relays, routes and rates. */
  readonly settings: MailSettings;
  /** All settings, for people. */
  readonly entries: readonly ShownSetting[];
  /** What keeps queued mail back; null until the status is known. */
  readonly hindrances: Hindrances | null;
  /** When what is shown was read. */
  readonly readAt: number | null;
  readonly status: QueueStatus | null;
  /** What was sent by when: tells the rate. */
  readonly sent: readonly { readonly at: number; readonly count: number }[];
  readonly screen: Screen;
  readonly view: ViewState | null;
  /** No key was pressed yet. */
  readonly isUntouched: boolean;
  readonly list: ListState;
  /** The message of the detail screen, or of the preview pane. */
  readonly detail: DetailState | null;
  readonly hasPreview: boolean;
  /** Lines typed before, the newest last. */
  readonly history: Readonly<Record<PromptKind, readonly string[]>>;
  /** What was last looked for in a text. */
  readonly found: string;
  readonly dialog: Dialog | null;
  readonly notice: Notice | null;
  readonly isLive: boolean;
  /** There is no file by the queue's name any more. */
  readonly isGone: boolean;
  /** The queue has changed since what is shown was read. */
  readonly isStale: boolean;
  /** Writes that have not come to their end, the action of `work` among them. */
  readonly working: number;
  /** The action on messages that is under way: one at a time. */
  readonly work: Work | null;
  /** The form that was sent; it is there again if it cannot be taken. */
  readonly sentForm: Extract<Dialog, { kind: "form" }> | null;
  /** The screen is left once that has ended. */
  readonly isLeaving: boolean;
}

const NO_HISTORY: State["history"] = {
  filter: [],
  find: [],
  pipe: [],
  save: [],
  open: [],
  view_filter: [],
  pause: [],
  suppress: [],
  import: [],
  purge: [],
  export: [],
};

export function initialState(
  about: Pick<
    State,
    "size" | "queue" | "isReadonly" | "maxTries" | "now" | "settings" | "entries" | "keys"
  >,
): State {
  return {
    ...about,
    hindrances: null,
    readAt: null,
    status: null,
    sent: [],
    screen: "list",
    view: null,
    isUntouched: true,
    list: {
      view: 0,
      filterText: "",
      filter: EMPTY_FILTER,
      sort: "newest",
      isReversed: false,
      cameFrom: null,
      rows: [],
      atStart: true,
      atEnd: true,
      offset: 0,
      cursor: 0,
      top: 0,
      total: null,
      seenFirst: null,
      marks: new Map(),
      all: null,
      range: null,
      generation: 0,
      isLoading: true,
      anchor: null,
      isGoingToEnd: false,
      isFollowing: false,
      owed: 0,
    },
    detail: null,
    hasPreview: true,
    history: NO_HISTORY,
    found: "",
    dialog: null,
    notice: null,
    isLive: true,
    isGone: false,
    isStale: false,
    working: 0,
    work: null,
    sentForm: null,
    isLeaving: false,
  };
}

/** Where keys are pressed. */
export function placeOf({ screen, view }: Pick<State, "screen" | "view">): Place {
  if (screen !== "view") return screen;
  return view?.name ?? "list";
}

/** The row under the cursor. */
export function currentRow(list: ListState): MessageSummary | null {
  return list.rows[list.cursor] ?? null;
}

export function isMarked(list: ListState, id: string): boolean {
  if (list.all !== null) return !list.all.except.has(id);
  return list.marks.has(id);
}
