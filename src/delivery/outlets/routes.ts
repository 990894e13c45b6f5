import type { Claim, ClaimedRecipient } from "../../queue/claim.ts";
import { relaysFor, type Route } from "../../queue/policy/route.ts";

/** Recipients of one message that go by the same relays. */
export interface Group {
  /** In order of preference. */
  readonly relays: readonly string[];
  readonly recipients: readonly ClaimedRecipient[];
}

/** Parts a message's recipients by their route. */
export function groupByRoute(claim: Claim, routes: readonly Route[]): Group[] {
  if (routes.length === 0) return [{ relays: ["default"], recipients: claim.recipients }];
  const groups = new Map<string, { relays: readonly string[]; recipients: ClaimedRecipient[] }>();
  for (const recipient of claim.recipients) {
    const relays = relaysFor(routes, claim.sender, recipient.address);
    const key = relays.join("\n");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { relays, recipients: [recipient] });
    else group.recipients.push(recipient);
  }
  return [...groups.values()];
}
