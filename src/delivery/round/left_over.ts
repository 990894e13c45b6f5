// Gives mail back to the queue that was claimed and is not sent by this round: it keeps its place,
// and the next round or another worker takes it. The round says when; the store does it.

import type { Claims } from "../../queue/ports/claims.ts";
import type { Claim } from "../../queue/claim.ts";
import type { Outlets } from "../outlets/outlets.ts";
import type { Recorder } from "./recorder.ts";
import type { Stopper } from "./stopper.ts";

interface LeftOverTools {
  readonly store: Claims;
  readonly outlets: Outlets;
  readonly recorder: Recorder;
  readonly stopper: Stopper;
}

/** The claims that a round is to give back. */
export class LeftOver {
  #claims: Claim[] = [];

  constructor(readonly tools: LeftOverTools) {}

  /** Takes a claim that will not be sent, or not to all recipients. */
  add(claim: Claim): void {
    this.#claims.push(claim);
  }

  /** Gives back what was added, and what is in hand and not started. Never rejects: a failure stops
   *  the round. */
  async giveBack(): Promise<void> {
    const { store, outlets, recorder, stopper } = this.tools;
    const claims = [...this.#claims.splice(0), ...outlets.takeWaiting()];
    if (claims.length === 0) return;
    // The attempts of a claim are recorded first: once it is given back they would find it gone.
    if (!stopper.isAbandoned) await recorder.flush();
    // A claim whose attempt could not be recorded may have been sent. It is kept, and becomes
    // uncertain when the worker ends.
    const recorded = claims.filter((claim) => !recorder.holds(claim));
    await stopper.guarded(() => store.giveBack(recorded));
  }
}
