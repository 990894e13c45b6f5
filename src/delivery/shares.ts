import type { Claim } from "../queue/message.ts";
import type { Share } from "../queue/worker.ts";
import type { Rate } from "../queue/rate.ts";
import type { RelayLine } from "./relay_line.ts";

/** The rates one message takes a part of: its relay's, and that of each recipient domain. */
export function sharesOf(
  claim: Claim,
  line: RelayLine,
  ratePerDomain: Rate | null,
): readonly Share[] {
  const { rate } = line.plan;
  if (rate === null && ratePerDomain === null) return [];
  const shares: Share[] = rate === null ? [] : [{ scope: `relay:${line.name}`, rate }];
  if (ratePerDomain !== null) {
    const domains = new Set(claim.recipients.map(({ address }) => domainOf(address)));
    for (const domain of domains) shares.push({ scope: `domain:${domain}`, rate: ratePerDomain });
  }
  return shares;
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}
