// What can happen to the screen (events), what it wants done (effects), and a step: a state with
// effects. Used by all of the model, by effects.ts and by session.tsx.

import type { MessageDetail, MessageSummary } from "../../queue/message.ts";
import type { RateUse } from "../../queue/policy/rate.ts";
import type { TakenBack } from "../../queue/ports/undo.ts";
import type { QueueStatus } from "../../queue/status.ts";
import type { ViewData, ViewName } from "../data/views/view_data.ts";
import type { QueueChange } from "../data/changes.ts";
import type {
  ActionOutcome,
  Change,
  MessageWindow,
  ScreenFilter,
  ShownContent,
  Verb,
  WindowRequest,
} from "../data/data.ts";
import type { KeyPress } from "../terminal/key_decoder.ts";
import type { Target } from "./acting/target.ts";
import type { Size, State } from "./state.ts";

/** What happens to the screen. */
export type Event =
  | { readonly kind: "key"; readonly key: KeyPress }
  | { readonly kind: "resized"; readonly size: Size }
  | { readonly kind: "ticked" }
  /** The queue has changed. */
  | { readonly kind: "changed"; readonly change: Change }
  | { readonly kind: "window"; readonly generation: number; readonly window: MessageWindow }
  | { readonly kind: "counted"; readonly generation: number; readonly count: number }
  | { readonly kind: "all_counted"; readonly filter: ScreenFilter; readonly count: number }
  | {
    readonly kind: "status";
    readonly status: QueueStatus;
    readonly rateUses: ReadonlyMap<string, RateUse>;
  }
  | {
    readonly kind: "view";
    readonly name: ViewName;
    readonly query: string;
    readonly data: ViewData[ViewName];
    readonly tookMs: number;
  }
  | { readonly kind: "detail"; readonly id: string; readonly message: MessageDetail | null }
  | {
    readonly kind: "content";
    readonly id: string;
    readonly content: ShownContent | { readonly error: string };
  }
  | {
    readonly kind: "acted";
    readonly verb: Verb;
    readonly target: Target;
    readonly outcome: ActionOutcome;
    /** The operator stopped it before its end. */
    readonly isStopped: boolean;
  }
  /** The last action was taken back; null where that cannot be done. */
  | { readonly kind: "undone"; readonly result: TakenBack | null }
  /** So many messages of the action under way were seen to. */
  | { readonly kind: "progress"; readonly done: number }
  /** What of a filter an action applies to. */
  | {
    readonly kind: "targeted";
    readonly verb: Verb;
    readonly filter: ScreenFilter;
    readonly count: number;
    readonly left: number;
    readonly samples: readonly MessageSummary[];
  }
  /** A message whose envelope is to be changed. */
  | { readonly kind: "edit"; readonly message: MessageDetail }
  | { readonly kind: "resent"; readonly from: string; readonly id: string }
  /** A change to the queue was made, with this to say of it. */
  | { readonly kind: "change_made"; readonly text: string }
  /** A command of mailq is run: what it prints is a view. */
  | { readonly kind: "program_began" }
  /** A question or an action came to nothing. */
  | {
    readonly kind: "failed";
    readonly text: string;
    readonly of: "read" | "action";
    /** Of a listing: its generation. */
    readonly generation?: number;
  }
  | { readonly kind: "noticed"; readonly text: string; readonly isError: boolean };

/** What the screen wants done. */
export type Effect =
  | { readonly kind: "window"; readonly generation: number; readonly request: WindowRequest }
  | { readonly kind: "count"; readonly generation: number; readonly filter: ScreenFilter }
  | { readonly kind: "count_all"; readonly filter: ScreenFilter }
  | { readonly kind: "status" }
  /** Read a view, not before so many ms are over. */
  | {
    readonly kind: "view";
    readonly name: ViewName;
    readonly query: string;
    readonly afterMs: number;
  }
  | { readonly kind: "detail"; readonly id: string }
  | { readonly kind: "content"; readonly id: string }
  /** Count what of a filter the action applies to. */
  | { readonly kind: "target"; readonly verb: Verb; readonly filter: ScreenFilter }
  | { readonly kind: "act"; readonly verb: Verb; readonly target: Target }
  /** End the action under way after its present step. */
  | { readonly kind: "stop" }
  | { readonly kind: "undo" }
  /** Read a message, to ask for another envelope. */
  | { readonly kind: "edit"; readonly id: string }
  | {
    readonly kind: "resend_changed";
    readonly id: string;
    /** As it was typed; what is undefined stays as it was. */
    readonly sender?: string;
    readonly recipients?: readonly string[];
  }
  | { readonly kind: "change"; readonly change: QueueChange }
  /** Put the addresses of a file on the do-not-send list. */
  | { readonly kind: "import"; readonly path: string }
  /** Run a command of mailq itself; its output is a view. */
  | { readonly kind: "run"; readonly args: readonly string[] }
  | { readonly kind: "stop_program" }
  | { readonly kind: "export"; readonly filter: ScreenFilter; readonly path: string }
  | { readonly kind: "copy"; readonly text: string }
  | { readonly kind: "pager"; readonly id: string }
  | { readonly kind: "pipe"; readonly id: string; readonly command: string }
  /** Write an attachment to a new file. */
  | {
    readonly kind: "save";
    readonly id: string;
    readonly place: number;
    readonly path: string;
  }
  /** Give an attachment to a program on its stdin. */
  | {
    readonly kind: "open";
    readonly id: string;
    readonly place: number;
    readonly command: string;
  }
  | { readonly kind: "redraw" }
  | { readonly kind: "suspend" }
  | { readonly kind: "quit"; readonly said?: string };

/** A state and what it wants done next. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export function step(state: State, ...effects: Effect[]): Step {
  return { state, effects };
}

/** What `next` makes of the state of a step, with the effects of both. */
export function then({ state, effects }: Step, next: (state: State) => Step): Step {
  const after = next(state);
  return { state: after.state, effects: [...effects, ...after.effects] };
}
