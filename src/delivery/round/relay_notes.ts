// Notes in the queue how relays have been doing, so that the next pass knows, too.
// `deliver_claim.ts` tells it after each hand-over; when a relay is left alone is decided in
// `queue/policy/breaker.ts`.

import type { Claims } from "../../queue/ports/claims.ts";
import type { Claim } from "../../queue/claim.ts";
import { afterFault, afterRefusal, HEALTHY, type RelayHealth } from "../../queue/policy/breaker.ts";
import { refusalKey } from "../../queue/policy/refusal_words.ts";
import { isProof, withSuspect } from "../../queue/policy/suspicion.ts";
import type { Clock } from "../../system/time.ts";
import type { OnNews } from "../news.ts";
import type { Outlet } from "../outlets/outlet.ts";
import type { Allowance } from "./allowance.ts";
import type { Claimer } from "./claimer.ts";
import type { Counts } from "./counts.ts";
import type { Throttling, Unproven } from "./hand_over.ts";
import type { LeftOver } from "./left_over.ts";
import type { RuledOutcome } from "./overrule.ts";
import type { Recorder } from "./recorder.ts";

interface RelayNotesTools {
  readonly store: Claims;
  readonly clock: Clock;
  readonly allowance: Allowance;
  readonly claimer: Claimer;
  readonly leftOver: LeftOver;
  readonly recorder: Recorder;
  readonly counts: Counts;
  readonly onNews?: OnNews;
}

/** Keeps the health of a pass's relays. Rejects as the store does. */
export class RelayNotes {
  constructor(readonly tools: RelayNotesTools) {}

  /** The relay itself was at fault, or refuses us whatever the mail is: this pass leaves it alone, and
   *  its mail in hand goes by another relay or waits. */
  async noteFault(outlet: Outlet, fault: RuledOutcome, error: string): Promise<void> {
    if (outlet.isDown) return;
    const { code, blame, hint, waitMs } = fault;
    const now = this.tools.clock.now();
    await this.#leaveAlone(
      outlet,
      error,
      (health) =>
        code === null ? afterFault(health, error, now) : afterRefusal(health, {
          key: refusalKey(fault),
          error,
          hint,
          wait: waitMs ?? (blame === "quota" ? "quota" : "breaker"),
        }, now),
    );
  }

  /** The relay has answered: it may have more than one connection. If it could not be reached it is
   *  well now; one that refuses us only is once it takes mail. */
  async noteAnswer(
    outlet: Outlet,
    /** `place`: the hand-over's place among those of the outlet (`Outlet.begun`). */
    { hasSent, place }: { readonly hasSent: boolean; readonly place: number },
  ): Promise<void> {
    outlet.isProven = true;
    if (outlet.throttle.isUnsaved) await this.#saveLimits(outlet);
    const isSince = place > outlet.refusedAt;
    if (hasSent && isSince && outlet.suspicions.size > 0) await this.#condemn(outlet);
    if (outlet.health.failures === 0) return;
    if (outlet.health.refusal !== null && !(hasSent && isSince)) return;
    outlet.health = await this.tools.store.noteRelay(outlet.name, () => HEALTHY);
    this.tools.onNews?.({ type: "relay.up", relay: outlet.name });
  }

  /** The relay refused a message with a reply nobody knows: with enough of them in a row it is the
   *  relay that refuses. */
  async noteUnproven(outlet: Outlet, claim: Claim, refused: Unproven): Promise<void> {
    if (outlet.isDown) return;
    const { store, clock } = this.tools;
    const { key, text, recipients, addresses } = refused;
    const suspect = { seq: claim.seq, recipients, addresses };
    const now = clock.now();
    const suspicion = await store.noteSuspicion(
      outlet.name,
      key,
      (known) => withSuspect(known, { key, text, suspect }, now),
    );
    if (suspicion === null) return;
    outlet.suspicions.set(key, suspicion);
    outlet.refusedAt = outlet.begun;
    if (!isProof(suspicion)) return;
    const error = `it refuses ${suspicion.suspects.length} messages in a row: ${text}`;
    await this.#leaveAlone(
      outlet,
      error,
      (health) =>
        afterRefusal(health, { key, error, hint: null, wait: "breaker", isProven: true }, now),
    );
    // What they were refused for is known now, and they simply wait.
    await store.noteSuspicion(outlet.name, key, () => null);
    outlet.suspicions.delete(key);
  }

  async #leaveAlone(
    outlet: Outlet,
    error: string,
    change: (health: RelayHealth) => RelayHealth,
  ): Promise<void> {
    outlet.error = error;
    outlet.refusedAt = outlet.begun;
    outlet.throttle.forget();
    const health = outlet.health = await this.tools.store.noteRelay(outlet.name, change);
    const type = health.refusal === null ? "relay.down" : "relay.refusing";
    this.tools.onNews?.({ type, relay: outlet.name, health });
    // Once the settings are others, the relay is tried at once.
    if (outlet.throttle.limits.settings !== settingsOf(outlet)) await this.#saveLimits(outlet);
    await this.#reassign(outlet);
  }

  /** Mail in hand of a relay that is not to be used goes by another, or waits. */
  async #reassign(outlet: Outlet): Promise<void> {
    const { allowance, claimer, leftOver, recorder } = this.tools;
    const claims = outlet.waiting.takeAll();
    // Some were told to come later: their attempts first, which else would find the claim gone.
    if (claims.length > 0) await recorder.flush();
    const isLast = allowance.stoppedBy === "relay";
    for (const claim of claims) {
      if (isLast || recorder.holds(claim)) leftOver.add(claim);
      else claimer.assign(claim);
    }
  }

  /** The relay wants less: fewer connections, or the message later. */
  async noteThrottled(
    outlet: Outlet,
    { limit, reply, isInSetUp }: Throttling,
    { begun, others }: { readonly begun: number; readonly others: number },
  ): Promise<void> {
    const { throttle } = outlet;
    const now = this.tools.clock.now();
    if (limit === "connection") {
      throttle.noteRefusedConnection(others, now);
      return;
    }
    throttle.noteThrottled({ reply, begun, othersBusy: others, isInSetUp }, now);
    const { isUnsaved: isNew, limits } = throttle;
    await this.#saveLimits(outlet);
    if (isNew) this.tools.onNews?.({ type: "relay.throttled", relay: outlet.name, limits });
    if (throttle.isOver) await this.#reassign(outlet);
  }

  /** Keeps in the queue what was learned of what the relay bears. */
  async #saveLimits(outlet: Outlet): Promise<void> {
    const { throttle } = outlet;
    throttle.isUnsaved = false;
    throttle.limits = { ...throttle.limits, settings: settingsOf(outlet) };
    await this.tools.store.noteLimits(outlet.name, throttle.limits);
  }

  /** The relay takes other mail: what it had refused is at fault itself. */
  async #condemn(outlet: Outlet): Promise<void> {
    const { store, recorder, counts } = this.tools;
    outlet.suspicions.clear();
    // The refusals first: what is not on disk yet does not count as waiting.
    await recorder.flush();
    const failed = await store.condemnSuspects(outlet.name);
    counts.moveToFailed(failed);
  }
}

function settingsOf({ plan }: Outlet): string | null {
  return plan.settings ?? null;
}
