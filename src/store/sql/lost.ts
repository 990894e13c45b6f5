// What is said and done of messages whose worker died with them in hand, in any store. The stores'
// claims/lost_claims.ts queue them again.

/** A message whose attempts killed so many workers is held for a person to look at. */
export const LOST_BEFORE_HELD = 3;
export const LOST_THRICE = `${LOST_BEFORE_HELD} senders died while handing this over`;
export const LOST = "the sender died while handing this over: it may have been delivered";
