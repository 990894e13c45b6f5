// Sends one claimed message to all its recipients: an attempt for each group that goes by the same
// relays, and by the next relay where one is at fault. The round calls it once a message, and
// decides what is done with the recipients that were not reached.

import type { Claim, ClaimedRecipient, RecipientChange } from "../../queue/claim.ts";
import { laterMs, THROTTLES_OF_ONE } from "../../queue/policy/throttle.ts";
import type { Transport } from "../../queue/ports/transport.ts";
import type { Returned } from "../outlets/returned.ts";
import type { RouteGroup } from "../outlets/routes.ts";
import { type HandedOver, handOver, type HandOverTools, replyText } from "./hand_over.ts";
import type { Rates, UsedUp } from "../outlets/rates.ts";
import type { Outlet } from "../outlets/outlet.ts";
import type { Delivered, DeliveredEnd, Later } from "./delivered.ts";
import type { Outlets } from "../outlets/outlets.ts";
import type { Recorder } from "./recorder.ts";
import type { RelayNotes } from "./relay_notes.ts";
import type { Stopper } from "./stopper.ts";

export interface DeliverTools extends HandOverTools {
  readonly outlets: Outlets;
  readonly rates: Rates;
  readonly recorder: Recorder;
  readonly relayNotes: RelayNotes;
  readonly returned: Returned;
  readonly stopper: Stopper;
}

/** What came of one group: nothing more to do, no relay left, a rate used up, recipients that come
 *  again, or the end of the whole message. */
type GroupEnd = "done" | "unreached" | UsedUp | Later | DeliveredEnd;

/** Hands a message over, an attempt for each group of recipients that go by the same relay; where
 *  a relay is at fault the group's next one is tried at once. Records every attempt. */
export async function deliverClaim(
  claim: Claim,
  groups: readonly RouteGroup[],
  /** The relays whose shares have been taken. */
  paid: readonly Outlet[],
  tools: DeliverTools,
): Promise<Delivered> {
  const changes: RecipientChange[] = [];
  const unreached: RouteGroup[] = [];
  const usedUp: { readonly group: RouteGroup; readonly by: UsedUp }[] = [];
  let later: Later | null = null;
  const paidOutlets = new Set(paid);
  for (const group of groups) {
    const end = await deliverGroup(claim, group, paidOutlets, changes, tools);
    if (end === "done") continue;
    if (end === "unreached") unreached.push(group);
    else if ("until" in end) usedUp.push({ group, by: end });
    else if ("recipients" in end) later = joined(later, end);
    else return { changes, unreached, usedUp, later, end };
  }
  return { changes, unreached, usedUp, later, end: { kind: "all" } };
}

/** Recipients of several groups that come again come together. */
function joined(earlier: Later | null, later: Later): Later {
  if (earlier === null) return later;
  const at = Math.max(earlier.at ?? 0, later.at ?? 0);
  return {
    outlet: earlier.outlet,
    recipients: [...earlier.recipients, ...later.recipients],
    at: at === 0 ? null : at,
    isTold: earlier.isTold || later.isTold,
  };
}

async function deliverGroup(
  claim: Claim,
  group: RouteGroup,
  paid: Set<Outlet>,
  changes: RecipientChange[],
  tools: DeliverTools,
): Promise<GroupEnd> {
  const { outlets, rates, recorder, stopper, returned, relayNotes, machine: { clock } } = tools;
  const isWhole = group.recipients === claim.recipients;
  const ofGroup = isWhole ? claim : { ...claim, recipients: group.recipients };
  for (;;) {
    const outlet = outlets.firstUsable(group.relays);
    if (outlet === null) return "unreached";
    if (!paid.has(outlet)) {
      const usedUp = await rates.takeOf(outlet);
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
    const held = tools.worker.mayBegin?.(claim.token) ?? null;
    if (held !== null) {
      const notBegun = await unlessHeld(held);
      if (notBegun !== null) {
        outlet.inFlight--;
        outlet.giveBack(transport, { isUsable: !stopper.isAbandoned });
        return notBegun;
      }
    }
    const place = ++outlet.begun;
    const isLast = group.relays.length === 1 ||
      outlets.firstUsable(group.relays.filter((name) => name !== outlet.name)) === null;
    const { health: { refusal }, suspicions, throttle } = outlet;
    const begun = throttle.begin(clock.now());
    const handed = await handOver(ofGroup, {
      transport,
      relay: outlet.name,
      isLast,
      refusal,
      suspicions,
      isToldOften: !throttle.isOnTrial && returned.times(claim) + 1 >= THROTTLES_OF_ONE,
      connections: outlet,
    }, tools);
    outlet.inFlight--;
    const others = handed.throttled === null ? 0 : outlet.othersThan(transport);
    if (handed.hasSent) outlet.noteTaken(transport, clock.now());
    outlet.giveBack(transport, {
      isUsable: !handed.isTransportBroken && !stopper.isAbandoned,
    });
    // What comes this late has become uncertain when the worker was closed.
    if (stopper.isAbandoned) return { kind: "abandoned" };
    const { attempt, trouble, throttled } = handed;
    if (attempt === null && throttled === null) return { kind: "rest", trouble };
    if (attempt !== null) recorder.add(attempt);
    await note(claim, { outlet, place }, handed, tools);
    if (throttled !== null) {
      await relayNotes.noteThrottled(outlet, throttled, { begun, others });
      const told = attempt?.changes ?? [];
      changes.push(...told.filter((change) => change.state !== "sending"));
      const isLater = ({ n }: ClaimedRecipient) =>
        attempt === null || told.some((change) => change.n === n && change.state === "sending");
      const isTold = throttled.limit === "message";
      const at = isTold ? clock.now() + laterMs(returned.times(claim) + 1) : null;
      return { outlet, recipients: group.recipients.filter(isLater), at, isTold };
    }
    if (attempt === null) return { kind: "rest", trouble };
    const isForNext = attempt.changes.some((change) => change.state === "sending");
    if (!isForNext) changes.push(...attempt.changes);
    if (trouble !== null || tools.signal.aborted) return { kind: "rest", trouble };
    if (!isForNext) return "done";
  }
}

/** How a message ends that may not begin: another has it since, or the queue cannot be asked. Null if
 *  it may. */
async function unlessHeld(held: Promise<boolean>): Promise<DeliveredEnd | null> {
  try {
    return await held ? null : { kind: "abandoned" };
  } catch (error) {
    return { kind: "rest", trouble: { error } };
  }
}

/** Notes what a hand-over tells of its relay and its sender. */
async function note(
  claim: Claim,
  { outlet, place }: { readonly outlet: Outlet; readonly place: number },
  { attempt, hasAnswered, hasSent, relayFault, senderPause, unproven }: HandedOver,
  { relayNotes, pauses }: DeliverTools,
): Promise<void> {
  if (hasAnswered) await relayNotes.noteAnswer(outlet, { hasSent, place });
  if (relayFault !== null) {
    const error = attempt?.error ?? (replyText(relayFault) || "the relay failed");
    await relayNotes.noteFault(outlet, relayFault, error);
  }
  if (unproven !== null) await relayNotes.noteUnproven(outlet, claim, unproven);
  if (senderPause !== null) await pauses.note(senderPause);
  else if (hasSent && attempt !== null) await pauses.noteSent(claim.sender, attempt.startedAt);
}
