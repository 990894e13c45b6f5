// The queue as the screen asks for it: the questions, the answers and the actions. Asked by
// effects.ts; store_data.ts answers them from the store, worker_data.ts by way of a thread.

import type { MessageDetail, MessageSummary } from "../../queue/message.ts";
import type { EnvelopeChanges } from "../../queue/ports/operator.ts";
import type { Filter, Sort } from "../../queue/filter.ts";
import type { RateUse } from "../../queue/policy/rate.ts";
import type { TakenBack } from "../../queue/ports/undo.ts";
import type { QueueStatus } from "../../queue/status.ts";
import type { QueueChange } from "./changes.ts";
import type { QueueViewData, QueueViewName } from "./views/view_data.ts";

/** A filter with what the screen adds to it. */
export interface ScreenFilter extends Filter {
  /** Messages that are part of a problem, by its number. */
  readonly problem?: number;
  /** Messages that the last action has changed. */
  readonly isLast?: true;
  readonly and?: readonly ScreenFilter[];
  readonly not?: readonly ScreenFilter[];
}

/** Which messages of which order. */
export interface Query {
  readonly filter: ScreenFilter;
  readonly sort: Sort;
  readonly isReversed: boolean;
}

/** The place in a listing around which rows are read: an end, or the first of these messages
 *  that the listing still has room for. */
export type Anchor = "top" | "bottom" | { readonly ids: readonly string[] };

export interface WindowRequest extends Query {
  readonly anchor: Anchor;
  /** Rows wanted before and after the anchor. */
  readonly before: number;
  readonly after: number;
}

/** A part of a listing, without gaps. */
export interface MessageWindow {
  readonly rows: readonly MessageSummary[];
  /** The anchor's place in it, or that of the row that took its place; -1 in an empty one. */
  readonly at: number;
  /** Nothing comes before, or after, these rows. */
  readonly atStart: boolean;
  readonly atEnd: boolean;
}

export interface ShownAttachment {
  /** A file name that is safe to write to: without folders, leading dots and controls. */
  readonly fileName: string;
  /** `invoice.pdf (application/pdf, 12 bytes)` */
  readonly text: string;
}

/** A message's content as people read it: safe for a terminal, and cut where it gets long. */
export interface ShownContent {
  readonly headers: string;
  /** Null where there is none. */
  readonly text: string | null;
  /** What it says, without the markup. */
  readonly html: string | null;
  readonly raw: string;
  readonly attachments: readonly ShownAttachment[];
  /** Why it could not be taken apart; null if it was. */
  readonly failure: string | null;
  /** Bytes that `raw` leaves out. */
  readonly leftOut: number;
}

/** What can be done to messages. */
export type Verb =
  | "retry"
  | "resend"
  | "resend_unsent"
  | "hold"
  | "release"
  | "cancel"
  | "purge"
  | "delete";

/** What an action did. */
export interface ActionOutcome {
  readonly changed: number;
  /** Messages whose bytes are gone. */
  readonly withoutBody: number;
  /** Recipients left alone because a worker is sending to them. */
  readonly sendingRecipients: number;
}

/** What became of the queue: others wrote to it; another file was put in its place, which is the one
 *  that is shown now; or there is no file by its name any more, or one again. */
export type Change = "changed" | "replaced" | "gone" | "back";

/** A part of an action. */
export interface ActionStep {
  readonly outcome: ActionOutcome;
  /** Messages that this part was about. */
  readonly seen: number;
  /** The message with which the next part begins; null if there is none. */
  readonly next: string | null;
}

/** The queue as the screen asks for it. Throws MailqError. */
export interface Data {
  window(request: WindowRequest): Promise<MessageWindow>;
  count(filter: ScreenFilter): Promise<number>;
  status(): Promise<QueueStatus>;
  /** How much of each rate is used. */
  rateUses(): Promise<ReadonlyMap<string, RateUse>>;
  /** What a view shows; `query` is what was typed to see only some of its rows. */
  view<Name extends QueueViewName>(name: Name, query: string): Promise<QueueViewData[Name]>;
  /** Null if the message is gone. */
  detail(id: string): Promise<MessageDetail | null>;
  /** Throws `input_unreadable` where the bytes were not to be kept. */
  content(id: string): Promise<ShownContent>;
  /** The bytes of an attachment, by its place. Throws `bad_message` where it cannot be read. */
  attachment(id: string, place: number): Promise<Uint8Array>;
  /** The bytes as they are sent. */
  raw(id: string): AsyncIterable<Uint8Array>;
  /** Does a part of an action, so that its progress is seen and it can be stopped: a few hundred of the
   *  filter's messages, oldest first, beginning with the message `from` (null = the first of all). */
  act(verb: Verb, filter: ScreenFilter, from: string | null): Promise<ActionStep>;
  /** Takes back the last action; null where it is not known how, or there was none. */
  undo(): Promise<TakenBack | null>;
  /** Writes messages out to an mbox file or a folder; returns what came of it, in words. Throws
   *  `cannot_create`, also for a file that is there already. */
  exportTo(filter: ScreenFilter, path: string): Promise<string>;
  /** Queues a copy with another envelope; returns its id. */
  resendChanged(id: string, changes: EnvelopeChanges): Promise<string>;
  /** Returns what came of it, in words. Throws `bad_address` for what is none. */
  change(change: QueueChange): Promise<string>;
  /** Resolves once the queue has changed since the last call, or at `signal`. */
  changed(signal: AbortSignal): Promise<Change>;
  close(): Promise<void>;
}
