// Changes to the queue other than actions on its messages: made here, with what to say of them. Called
// by store_data.ts. What was typed is read in model/acting/changes.ts.

import { describePart, pausePart } from "../../app/pause/part.ts";
import { plural } from "../../display/plural.ts";
import type { PausedPart } from "../../queue/policy/pause.ts";
import type { Operator } from "../../queue/ports/operator.ts";
import type { Clock } from "../../system/time.ts";

export type QueueChange =
  /** Of a part of the mail; null = of the whole queue. */
  | {
    readonly kind: "pause";
    readonly part: PausedPart | null;
    /** Null = until somebody ends it. */
    readonly forMs: number | null;
    readonly reason: string | null;
  }
  | { readonly kind: "resume"; readonly part: PausedPart | null }
  | {
    readonly kind: "suppress";
    readonly addresses: readonly string[];
    readonly reason: string | null;
  }
  /** The text of a file with one address a line. */
  | { readonly kind: "import"; readonly text: string }
  | { readonly kind: "unsuppress"; readonly addresses: readonly string[] };

/** Returns what came of it, in words. Throws `bad_address`, and what the store throws. */
export async function makeChange(
  store: Operator,
  change: QueueChange,
  clock: Pick<Clock, "now">,
): Promise<string> {
  switch (change.kind) {
    case "pause":
      return await pause(store, change, clock);
    case "resume":
      return await resume(store, change.part);
    case "suppress":
    case "import": {
      const { checkAddress, readAddressList }: typeof import("../../app/suppress/addresses.ts") =
        await import(import.meta.resolve("../../app/suppress/addresses.ts"));
      const [addresses, reason] = change.kind === "import"
        ? [readAddressList(change.text), null]
        : [change.addresses.map((address) => checkAddress(address)), change.reason];
      const added = await store.suppress(addresses, reason);
      const listed = addresses.length - added;
      return `${countText(added)} put on the list` +
        (listed > 0 ? `, ${listed} listed already` : "");
    }
    case "unsuppress":
      return `${countText(await store.unsuppress(change.addresses))} taken off the list`;
  }
}

async function pause(
  store: Operator,
  { part, forMs, reason }: Extract<QueueChange, { kind: "pause" }>,
  clock: Pick<Clock, "now">,
): Promise<string> {
  if (part === null) {
    await store.pause({ until: forMs === null ? null : clock.now() + forMs, reason });
    return "The queue is paused";
  }
  await pausePart({ clock }, store, part, { forMs, reason });
  return `Paused: ${describePart(part)}`;
}

async function resume(store: Operator, part: PausedPart | null): Promise<string> {
  if (part === null) {
    return await store.resume() ? "The queue sends again" : "The queue was not paused";
  }
  const requeued = await store.resumePart(part);
  return requeued === null
    ? `Not paused, and nothing waits: ${describePart(part)}`
    : `Resumed: ${describePart(part)}, ${requeued} ${plural(requeued, "message")} queued again`;
}

function countText(count: number): string {
  return `${count} ${count === 1 ? "address" : "addresses"}`;
}
