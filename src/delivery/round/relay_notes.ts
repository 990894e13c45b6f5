// Notes in the queue how relays have been doing, so that the next pass knows, too.
// `deliver_claim.ts` tells it after each hand-over; when a relay is left alone is decided in
// `queue/policy/breaker.ts`.

import { afterFault, HEALTHY } from "../../queue/policy/breaker.ts";
import type { Claims } from "../../queue/ports/claims.ts";
import type { Clock } from "../../system/time.ts";
import type { Outlet } from "../outlets/outlet.ts";
import type { Allowance } from "./allowance.ts";
import type { Claimer } from "./claimer.ts";
import type { LeftOver } from "./left_over.ts";

interface RelayNotesTools {
  readonly store: Claims;
  readonly clock: Clock;
  readonly allowance: Allowance;
  readonly claimer: Claimer;
  readonly leftOver: LeftOver;
}

/** Keeps the health of a pass's relays. Rejects as the store does. */
export class RelayNotes {
  constructor(readonly tools: RelayNotesTools) {}

  /** The relay itself was at fault: this pass leaves it alone, and its mail in hand goes by another
   *  relay or waits. */
  async noteFault(outlet: Outlet, error: string): Promise<void> {
    if (outlet.isDown) return;
    outlet.error = error;
    const { store, clock, allowance, claimer, leftOver } = this.tools;
    outlet.health = await store.noteRelay(
      outlet.name,
      (health) => afterFault(health, error, clock.now()),
    );
    const isLast = allowance.stoppedBy === "relay";
    for (const claim of outlet.waiting.takeAll()) {
      if (isLast) leftOver.add(claim);
      else claimer.assign(claim);
    }
  }

  /** The relay has answered: it may have more than one connection, and it is well. */
  async noteAnswer(outlet: Outlet): Promise<void> {
    outlet.isProven = true;
    if (outlet.health.failures === 0) return;
    outlet.health = await this.tools.store.noteRelay(outlet.name, () => HEALTHY);
  }
}
