import type { AttemptRecord, Claim, RecipientChange } from "../../queue/claim.ts";
import type { Transport } from "../../queue/ports/transport.ts";
import type { Group } from "../outlets/routes.ts";
import { handOver, type HandOverTools } from "./hand_over.ts";
import type { UsedUp } from "../outlets/rates.ts";
import type { Outlet } from "../outlets/outlet.ts";

export interface DeliverTools extends HandOverTools {
  /** The first of these relays that is any use. */
  readonly firstUsable: (relays: readonly string[]) => Outlet | null;
  /** Takes the message's share of the rate of one more relay; null if it was there. */
  readonly takeShare: (outlet: Outlet) => Promise<UsedUp | null>;
  readonly record: (attempt: AttemptRecord) => void;
  readonly onRelayFault: (outlet: Outlet, error: string) => Promise<void>;
  readonly onRelayProven: (outlet: Outlet) => Promise<void>;
  readonly isAbandoned: () => boolean;
}

/** What came of a claimed message. */
export interface Delivered {
  /** What became of the recipients that were tried, and need not wait for another relay. */
  readonly changes: readonly RecipientChange[];
  /** Recipients that no relay could be used for. */
  readonly unreached: readonly Group[];
  /** Recipients whose other relay has used up its rate. */
  readonly usedUp: readonly { readonly group: Group; readonly by: UsedUp }[];
  readonly end: DeliveredEnd;
}

/** `all`: every recipient is accounted for. `rest`: we were told to stop, or are in trouble of
 *  our own, before all of it was tried; what is not recorded is to be given back. `abandoned`:
 *  what comes now comes too late and counts no more. */
export type DeliveredEnd =
  | { readonly kind: "all" | "abandoned" }
  | { readonly kind: "rest"; readonly trouble: { readonly error: unknown } | null };

/** What came of one group: nothing more to do, no relay left, or the end of the whole. */
type GroupEnd = "done" | "unreached" | UsedUp | DeliveredEnd;

/** Hands a message over, an attempt for each group of recipients that go by the same relay; where
 *  a relay is at fault the group's next one is tried at once. Records every attempt. */
export async function deliverClaim(
  claim: Claim,
  groups: readonly Group[],
  /** The relays whose shares have been taken. */
  paid: readonly Outlet[],
  tools: DeliverTools,
): Promise<Delivered> {
  const changes: RecipientChange[] = [];
  const unreached: Group[] = [];
  const usedUp: { readonly group: Group; readonly by: UsedUp }[] = [];
  const paidOutlets = new Set(paid);
  for (const group of groups) {
    const end = await deliverGroup(claim, group, paidOutlets, changes, tools);
    if (end === "done") continue;
    if (end === "unreached") unreached.push(group);
    else if ("until" in end) usedUp.push({ group, by: end });
    else return { changes, unreached, usedUp, end };
  }
  return { changes, unreached, usedUp, end: { kind: "all" } };
}

async function deliverGroup(
  claim: Claim,
  group: Group,
  paid: Set<Outlet>,
  changes: RecipientChange[],
  tools: DeliverTools,
): Promise<GroupEnd> {
  const isWhole = group.recipients === claim.recipients;
  const ofGroup = isWhole ? claim : { ...claim, recipients: group.recipients };
  for (;;) {
    const outlet = tools.firstUsable(group.relays);
    if (outlet === null) return "unreached";
    if (!paid.has(outlet)) {
      const usedUp = await tools.takeShare(outlet);
      if (usedUp !== null) return usedUp;
      paid.add(outlet);
    }
    let transport: Transport;
    try {
      transport = outlet.take();
    } catch (error) {
      return { kind: "rest", trouble: { error } };
    }
    outlet.inFlight++;
    const isLast = group.relays.length === 1 ||
      tools.firstUsable(group.relays.filter((name) => name !== outlet.name)) === null;
    const via = { transport, relay: outlet.name, isLast };
    const handed = await handOver(ofGroup, via, tools);
    outlet.inFlight--;
    const isAbandoned = tools.isAbandoned();
    outlet.giveBack(transport, !handed.isTransportBroken && !isAbandoned);
    // What comes this late has been closed as uncertain with the worker.
    if (isAbandoned) return { kind: "abandoned" };
    const { attempt, trouble } = handed;
    if (attempt === null) return { kind: "rest", trouble };
    tools.record(attempt);
    if (handed.isRelayProven) await tools.onRelayProven(outlet);
    if (handed.isRelayFault) {
      await tools.onRelayFault(outlet, attempt.error ?? attempt.reply ?? "the relay failed");
    }
    const isForNext = attempt.changes.some((change) => change.state === "sending");
    if (!isForNext) changes.push(...attempt.changes);
    if (trouble !== null || tools.signal.aborted) return { kind: "rest", trouble };
    if (!isForNext) return "done";
  }
}
