import type { AttemptRecord, Claim, RecipientChange } from "../queue/message.ts";
import type { Transport } from "../queue/ports.ts";
import type { Route } from "../queue/route.ts";
import { type Group, groupByRoute } from "./groups.ts";
import { handOver, type HandOverTools } from "./hand_over.ts";
import type { RelayLine } from "./relay_line.ts";

export interface DeliverTools extends Omit<HandOverTools, "relayName" | "isLastRelay"> {
  /** The first of these relays that is any use. */
  readonly lineFor: (relays: readonly string[]) => RelayLine | null;
  readonly record: (attempt: AttemptRecord) => void;
  readonly onRelayFault: (line: RelayLine, error: string) => Promise<void>;
  readonly onRelayProven: (line: RelayLine) => Promise<void>;
  readonly isAbandoned: () => boolean;
}

/** What came of a claimed message. */
export interface Delivered {
  /** What became of the recipients that were tried. */
  readonly changes: readonly RecipientChange[];
  /** Recipients that no relay could be used for. */
  readonly unreached: readonly Group[];
  /** We were told to stop before all of it was tried: the rest is to be given back. */
  readonly hasRest: boolean;
  /** It took too long after we were told to stop; the result counts no more. */
  readonly isAbandoned: boolean;
  readonly trouble: { readonly error: unknown } | null;
}

/** Hands a message over, an attempt for each group of recipients that go by the same relay; where
 *  a relay is at fault the group's next one is tried at once. Records every attempt. */
export async function deliverClaim(
  claim: Claim,
  first: RelayLine,
  routes: readonly Route[],
  tools: DeliverTools,
): Promise<Delivered> {
  const changes: RecipientChange[] = [];
  const unreached: Group[] = [];
  const end = (more: Partial<Delivered> = {}): Delivered => ({
    changes,
    unreached,
    hasRest: false,
    isAbandoned: false,
    trouble: null,
    ...more,
  });
  for (const group of groupByRoute(claim, routes)) {
    // The line that was waited in goes first, where it is one of the group's.
    let line = group.relays.includes(first.name) && !first.isDown
      ? first
      : tools.lineFor(group.relays);
    while (line !== null) {
      let transport: Transport;
      try {
        transport = line.take();
      } catch (error) {
        return end({ hasRest: true, trouble: { error } });
      }
      const part = { ...claim, recipients: group.recipients };
      const others = group.relays.filter((name) => name !== line?.name);
      const handed = await handOver(part, transport, {
        ...tools,
        relayName: line.name,
        isLastRelay: tools.lineFor(others) === null,
      });
      const isAbandoned = tools.isAbandoned();
      if (handed.isTransportBroken || isAbandoned) void transport.close().catch(() => {});
      else line.giveBack(transport);
      // What comes this late has been closed as uncertain with the worker.
      if (isAbandoned) return end({ isAbandoned });
      if (handed.attempt === null) return end({ hasRest: true, trouble: handed.trouble });
      tools.record(handed.attempt);
      if (handed.isRelayProven) await tools.onRelayProven(line);
      if (handed.isRelayFault) {
        const { error, reply } = handed.attempt;
        await tools.onRelayFault(line, error ?? reply ?? "the relay failed");
      }
      if (handed.trouble !== null || tools.signal.aborted) {
        changes.push(...handed.attempt.changes);
        return end({ hasRest: true, trouble: handed.trouble });
      }
      if (handed.attempt.changes.some((change) => change.state === "sending")) {
        line = tools.lineFor(group.relays);
        if (line === null) unreached.push(group);
        continue;
      }
      changes.push(...handed.attempt.changes);
      break;
    }
    if (line === null && !unreached.includes(group)) unreached.push(group);
  }
  return end();
}
