// What is said and done of messages whose worker died with them in hand, in any store. The stores'
// claims/lost_claims.ts queue them again.

const LOST_BEFORE_HELD = 3;
/** Why a message is held that may have been delivered. */
export const HELD_AS_UNCERTAIN = "it may have been delivered, and `uncertain` is `hold`";

/** After how many workers that died with it in hand a message is held for a person to look at, and the
 *  reason that is told. */
export function heldAfter(
  holdsUncertain: boolean,
): { readonly times: number; readonly reason: string } {
  if (holdsUncertain) return { times: 1, reason: HELD_AS_UNCERTAIN };
  return {
    times: LOST_BEFORE_HELD,
    reason: `${LOST_BEFORE_HELD} senders died while handing this over`,
  };
}

/** What was lost with a worker. */
export interface LostWith {
  /** Tokens of the claims whose bytes had begun to go out; null = it is not known which. */
  readonly begun: ReadonlySet<number> | null;
  readonly holdsUncertain: boolean;
  readonly now: number;
}
export const LOST = "the sender died while handing this over: it may have been delivered";
