// What came of one claimed message: `deliver_claim.ts` says it, the round and its counts read it.
// The attempts themselves go to the recorder.

import type { ClaimedRecipient, RecipientChange } from "../../queue/claim.ts";
import type { Outlet } from "../outlets/outlet.ts";
import type { UsedUp } from "../outlets/rates.ts";
import type { RouteGroup } from "../outlets/routes.ts";

/** What came of a claimed message. */
export interface Delivered {
  /** What became of the recipients that were tried, and need not wait for another relay. */
  readonly changes: readonly RecipientChange[];
  /** Recipients that no relay could be used for. */
  readonly unreached: readonly RouteGroup[];
  /** Recipients whose other relay has used up its rate. */
  readonly usedUp: readonly { readonly group: RouteGroup; readonly by: UsedUp }[];
  /** Recipients that the relay wants later, in this pass; null where there are none. */
  readonly later: Later | null;
  readonly end: DeliveredEnd;
}

/** Recipients of a message that are to be tried again in the same pass. */
export interface Later {
  readonly outlet: Outlet;
  readonly recipients: readonly ClaimedRecipient[];
  /** Not before, ms since 1970; null = at once. */
  readonly at: number | null;
  /** The relay said so of the message; else its connection was one too many. */
  readonly isTold: boolean;
}

/** `all`: every recipient is accounted for. `rest`: we were told to stop, or are in trouble of
 *  our own, before all of it was tried; what is not recorded is to be given back. `abandoned`:
 *  it came too late, and is ignored. */
export type DeliveredEnd =
  | { readonly kind: "all" | "abandoned" }
  | { readonly kind: "rest"; readonly trouble: { readonly error: unknown } | null };
