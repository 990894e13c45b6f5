import type { Claim, ClaimedRecipient } from "../../queue/claim.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { Postponed } from "../../queue/ports/claims.ts";
import type { Group } from "../outlets/routes.ts";
import type { UsedUp } from "../outlets/rates.ts";
import type { Outlets } from "../outlets/outlets.ts";
import type { Clock } from "../../system/time.ts";

/** Mail for relays of which no more is known than that they are no use is looked at again then. */
const LATER_MS = 60_000;

/** Gathers what has to wait for its relay or its rate, and defers it untried. */
export class Postponer {
  #postponed: Postponed[] = [];

  constructor(
    readonly store: Store,
    readonly outlets: Outlets,
    readonly clock: Clock,
  ) {}

  /** Recipients of a claim none of whose relays is any use. */
  addUnreached(claim: Claim, { relays, recipients }: Group): void {
    this.#postponed.push({
      claim,
      recipients: placesOf(recipients),
      ...this.#whenUsable(relays),
    });
  }

  /** Recipients of a claim whose rate is used up. */
  addUsedUp(
    claim: Claim,
    recipients: readonly ClaimedRecipient[],
    { until, reason }: UsedUp,
  ): void {
    this.#postponed.push({ claim, recipients: placesOf(recipients), until, reason });
  }

  async flush(): Promise<void> {
    const postponed = this.#postponed;
    this.#postponed = [];
    if (postponed.length > 0) await this.store.postpone(postponed);
  }

  #whenUsable(relays: readonly string[]): { readonly until: number; readonly reason: string } {
    const outlets = this.outlets.all.filter((outlet) => relays.includes(outlet.name));
    const times = outlets.flatMap((outlet) => outlet.health.openUntil ?? []);
    const now = this.clock.now();
    return {
      until: Math.max(now, times.length > 0 ? Math.min(...times) : now + LATER_MS),
      reason: outlets.map((outlet) => `the relay ${outlet.name} is left alone: ${outlet.error}`)
        .join("; ") || `no relay is called ${relays.join(" or ")}`,
    };
  }
}

function placesOf(recipients: readonly ClaimedRecipient[]): number[] {
  return recipients.map(({ n }) => n);
}
