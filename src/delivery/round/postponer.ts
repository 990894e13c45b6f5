// Mail that has to wait for its relay or for its rate: it is deferred untried, which uses up no
// retry. The claimer and the round put recipients in and say when to write; the store defers them.

// Where all relays of a pass are down, the pass ends and the mail stays queued. Where only some are,
// their mail is postponed, so that it does not stand in the way of the others'.

import type { Claim, ClaimedRecipient } from "../../queue/claim.ts";
import type { Claims, Postponed } from "../../queue/ports/claims.ts";
import type { Clock } from "../../system/time.ts";
import type { Outlet } from "../outlets/outlet.ts";
import type { Outlets } from "../outlets/outlets.ts";
import type { PausedRecipients } from "../outlets/pauses.ts";
import type { UsedUp } from "../outlets/rates.ts";
import type { RouteGroup } from "../outlets/routes.ts";

/** After so long, in ms, mail is tried again whose relays are down without a time being set. */
const LATER_MS = 60_000;

interface PostponerTools {
  readonly store: Claims;
  readonly outlets: Outlets;
  readonly clock: Clock;
}

/** Gathers recipients that have to wait, and defers them in one write. */
export class Postponer {
  #postponed: Postponed[] = [];

  constructor(readonly tools: PostponerTools) {}

  /** Recipients of a claim whose relays are all down. */
  addUnreached(claim: Claim, { relays, recipients }: RouteGroup): void {
    this.#add(claim, recipients, this.#whenUsable(relays));
  }

  /** Recipients of a claim whose rate is used up. */
  addUsedUp(claim: Claim, recipients: readonly ClaimedRecipient[], usedUp: UsedUp): void {
    this.#add(claim, recipients, usedUp);
  }

  /** Recipients of a claim that a pause is for. */
  addPaused(claim: Claim, paused: PausedRecipients): void {
    this.#add(claim, paused.recipients, paused);
  }

  /** Defers what was gathered. */
  async flush(): Promise<void> {
    const postponed = this.#postponed;
    this.#postponed = [];
    if (postponed.length > 0) await this.tools.store.postpone(postponed);
  }

  #add(
    claim: Claim,
    recipients: readonly ClaimedRecipient[],
    { until, reason }: Pick<Postponed, "until" | "reason">,
  ): void {
    this.#postponed.push({ claim, recipients: recipients.map(({ n }) => n), until, reason });
  }

  #whenUsable(relays: readonly string[]): Pick<Postponed, "until" | "reason"> {
    const { outlets, clock } = this.tools;
    const unusable = outlets.all.filter((outlet) => relays.includes(outlet.name));
    const times = unusable.flatMap(({ health, throttle }) =>
      (throttle.isOver ? throttle.limits.until : health.openUntil) ?? []
    );
    const now = clock.now();
    return {
      until: Math.max(now, times.length > 0 ? Math.min(...times) : now + LATER_MS),
      reason: unusable.map(whyUnusable).join("; ") || `no relay is called ${relays.join(" or ")}`,
    };
  }
}

function whyUnusable({ name, error, throttle }: Outlet): string {
  return error === null && throttle.isOver
    ? `the relay ${name} wants its mail more slowly: ${throttle.limits.reply}`
    : `the relay ${name} is left alone: ${error}`;
}
