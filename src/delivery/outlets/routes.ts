// Groups the recipients of one message by the relays they go by. The rules for it are in
// `queue/policy/route.ts`; the claimer and the round ask for the groups.

import type { Claim, ClaimedRecipient } from "../../queue/claim.ts";
import { relaysFor, type Route } from "../../queue/policy/route.ts";

/** Recipients of one message that go by the same relays. */
export interface RouteGroup {
  /** In order of preference. */
  readonly relays: readonly string[];
  readonly recipients: readonly ClaimedRecipient[];
}

/** A message's recipients by their route, in the order of the first of each. */
export function groupByRoute(claim: Claim, routes: readonly Route[]): RouteGroup[] {
  if (routes.length === 0) return [{ relays: ["default"], recipients: claim.recipients }];
  const groups = new Map<string, { relays: readonly string[]; recipients: ClaimedRecipient[] }>();
  for (const recipient of claim.recipients) {
    const relays = relaysFor(routes, { sender: claim.sender, recipient: recipient.address });
    const key = relays.join("\n");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { relays, recipients: [recipient] });
    else group.recipients.push(recipient);
  }
  return [...groups.values()];
}
