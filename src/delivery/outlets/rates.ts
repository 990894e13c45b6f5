// The rates of relays and of recipient domains during a pass: takes each message's share from the
// store before the message goes out. What to do with a message that has to wait is left to the
// claimer and the postponer.

import type { Claim } from "../../queue/claim.ts";
import { domainOf } from "../../queue/domain.ts";
import type { Rate } from "../../queue/policy/rate.ts";
import type { Claims, Share } from "../../queue/ports/claims.ts";
import type { Outlet } from "./outlet.ts";
import type { Clock } from "../../system/time.ts";

/** A rate that is used up. */
export interface UsedUp {
  /** The relay whose rate it is; null where it is a domain's. */
  readonly outlet: Outlet | null;
  readonly until: number;
  /** For people to read. */
  readonly reason: string;
}

/** Takes the shares that messages have of the rates, and knows during a pass which rates are
 *  used up. */
export class Rates {
  readonly #domains = new Map<string, number>();

  constructor(readonly store: Claims, readonly clock: Clock, readonly perDomain: Rate | null) {}

  /** Whether no rate is set for any of these relays nor for domains: there is nothing to take. */
  isFree(outlets: readonly Outlet[]): boolean {
    return this.perDomain === null && outlets.every((outlet) => outlet.plan.rate === null);
  }

  /** The domain of a message whose rate is known to be used up. */
  usedUpDomain(claim: Claim): UsedUp | null {
    if (this.#domains.size === 0) return null;
    const now = this.clock.now();
    for (const domain of domainsOf(claim)) {
      const until = this.#domains.get(domain);
      if (until !== undefined && now < until) return domainUsedUp(domain, until);
    }
    return null;
  }

  /** Takes one message's share of the rate of each of these relays and of each recipient domain,
   *  in one commit; or no share at all where one of the rates is used up: resolves to that one. */
  async takeFor(claim: Claim, outlets: readonly Outlet[]): Promise<UsedUp | null> {
    const { perDomain } = this;
    const known = this.usedUpDomain(claim);
    if (known !== null) return known;
    const domains = perDomain === null ? [] : domainsOf(claim).map((domain): Share => ({
      scope: `domain:${domain}`,
      rate: perDomain,
    }));
    return await this.#take([...outlets.flatMap(relayShare), ...domains], outlets);
  }

  /** Takes a message's share of the rate of one more relay. */
  async takeOf(outlet: Outlet): Promise<UsedUp | null> {
    return await this.#take(relayShare(outlet), [outlet]);
  }

  async #take(shares: readonly Share[], outlets: readonly Outlet[]): Promise<UsedUp | null> {
    if (shares.length === 0) return null;
    const result = await this.store.takeShares(shares);
    if (result === null) return null;
    const { scope, waitMs } = result;
    const until = this.clock.now() + waitMs;
    const outlet = outlets.find((one) => relayShare(one)[0]?.scope === scope);
    if (outlet !== undefined) {
      outlet.blockedUntil = until;
      return relayUsedUp(outlet, until);
    }
    const domain = scope.slice(scope.indexOf(":") + 1);
    this.#domains.set(domain, until);
    return domainUsedUp(domain, until);
  }
}

/** That a relay's rate is used up until then. */
export function relayUsedUp(outlet: Outlet, until: number): UsedUp {
  return { outlet, until, reason: `the rate of the relay ${outlet.name} is used up` };
}

function domainUsedUp(domain: string, until: number): UsedUp {
  return { outlet: null, until, reason: `the rate of the domain ${domain} is used up` };
}

function relayShare({ name, plan: { rate } }: Outlet): Share[] {
  return rate === null ? [] : [{ scope: `relay:${name}`, rate }];
}

function domainsOf(claim: Claim): string[] {
  return [...new Set(claim.recipients.map(({ address }) => domainOf(address)))];
}
