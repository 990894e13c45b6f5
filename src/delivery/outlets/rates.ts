import type { Claim } from "../../queue/message.ts";
import type { Store } from "../../queue/ports.ts";
import type { Rate } from "../../queue/policy/rate.ts";
import type { Share } from "../../queue/worker.ts";
import type { RelayLine } from "./outlet.ts";
import type { Clock } from "../../system/time.ts";

/** A rate that is used up. */
export interface UsedUp {
  /** The relay's line, where the rate is a relay's. */
  readonly line: RelayLine | null;
  readonly until: number;
  /** For people to read. */
  readonly reason: string;
}

/** Takes messages' parts of the rates, and knows during a pass which are used up. */
export class Rates {
  readonly #domains = new Map<string, number>();

  constructor(readonly store: Store, readonly clock: Clock, readonly perDomain: Rate | null) {}

  /** Whether no rate is set for any of these relays nor for domains: there is nothing to take. */
  isFree(lines: readonly RelayLine[]): boolean {
    return this.perDomain === null && lines.every((line) => line.plan.rate === null);
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

  /** Takes one message's part of the rate of each of these relays and of each recipient domain,
   *  in one commit; or of none, where one is used up. */
  async takeFor(claim: Claim, lines: readonly RelayLine[]): Promise<UsedUp | null> {
    const { perDomain } = this;
    const known = this.usedUpDomain(claim);
    if (known !== null) return known;
    const domains = perDomain === null ? [] : domainsOf(claim).map((domain): Share => ({
      scope: `domain:${domain}`,
      rate: perDomain,
    }));
    return await this.#take([...lines.flatMap(relayShare), ...domains], lines);
  }

  /** Takes a message's part of the rate of one more relay. */
  async takeOf(line: RelayLine): Promise<UsedUp | null> {
    return await this.#take(relayShare(line), [line]);
  }

  async #take(shares: readonly Share[], lines: readonly RelayLine[]): Promise<UsedUp | null> {
    if (shares.length === 0) return null;
    const result = await this.store.takeShares(shares);
    if (result === null) return null;
    const { scope, waitMs } = result;
    const until = this.clock.now() + waitMs;
    const line = lines.find((one) => relayShare(one)[0]?.scope === scope);
    if (line !== undefined) {
      line.blockedUntil = until;
      return { line, until, reason: `the rate of the relay ${line.name} is used up` };
    }
    const domain = scope.slice(scope.indexOf(":") + 1);
    this.#domains.set(domain, until);
    return domainUsedUp(domain, until);
  }
}

function domainUsedUp(domain: string, until: number): UsedUp {
  return { line: null, until, reason: `the rate of the domain ${domain} is used up` };
}

function relayShare({ name, plan: { rate } }: RelayLine): Share[] {
  return rate === null ? [] : [{ scope: `relay:${name}`, rate }];
}

function domainsOf(claim: Claim): string[] {
  return [
    ...new Set(
      claim.recipients.map(({ address }) =>
        address.slice(address.lastIndexOf("@") + 1).toLowerCase()
      ),
    ),
  ];
}
