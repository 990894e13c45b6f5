// What an action is about to be done to. Made by actions.ts; the confirm box asks about it, and effects.ts
// does it.

import type { MessageSummary } from "../../../queue/message.ts";
import type { ScreenFilter } from "../../data/data.ts";

export interface Target {
  /** The messages chosen; of all that match also those that the action does not apply to. */
  readonly filter: ScreenFilter;
  /** Messages the action applies to, as far as the screen knows; null while they are counted. */
  readonly count: number | null;
  /** Messages chosen that it does not apply to. */
  readonly left: number;
  readonly isAll: boolean;
  /** Some of those that the action applies to. */
  readonly samples: readonly MessageSummary[];
  /** Recipients of those, and how many of them have it; null where that is not known. */
  readonly recipients: { readonly total: number; readonly sent: number } | null;
}
