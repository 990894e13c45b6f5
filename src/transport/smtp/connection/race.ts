// Connects to one of several addresses, whichever answers first (RFC 8305): a new try every 250 ms,
// or at once where one fails, while those before go on. `connect.ts` calls it with the addresses in
// their order.

import type { Timers } from "../../../system/time.ts";
import { asBroken, ConnectionBroken } from "./broken.ts";
import type { Wire } from "./wire.ts";

/** RFC 8305 section 5: the wait before the next address is tried, too. */
const NEXT_ADDRESS_MS = 250;

interface RaceLimits {
  /** For all of it. */
  readonly limitMs: number;
  readonly timers: Timers;
  readonly signal: AbortSignal;
}

/** The wire to the first address that takes a connection, of which there is at least one. Rejects
 *  with `ConnectionBroken` once all have refused (each is named with its reason), at the time limit
 *  or at the signal. What is established later is closed unused. */
export function raceTo(
  addresses: readonly string[],
  dial: (address: string) => Promise<Wire>,
  { limitMs, timers, signal }: RaceLimits,
): Promise<{ readonly address: string; readonly wire: Wire }> {
  const { promise, resolve, reject } = Promise.withResolvers<
    { readonly address: string; readonly wire: Wire }
  >();
  const reasons = new Map<string, ConnectionBroken>();
  let tried = 0;
  let isOver = false;
  let cancelNext = () => {};

  const finish = (report: () => void) => {
    if (isOver) return;
    isOver = true;
    cancelNext();
    cancelLimit();
    signal.removeEventListener("abort", onAbort);
    report();
  };
  const onAbort = () =>
    finish(() => reject(new ConnectionBroken("stopped", "stopped while connecting")));
  const cancelLimit = timers.after(limitMs, () => {
    const late = new ConnectionBroken("timeout", `no connection within ${limitMs} ms`);
    for (const address of addresses) if (!reasons.has(address)) reasons.set(address, late);
    finish(() => reject(failureOf(addresses, reasons)));
  });
  const tryNext = () => {
    cancelNext();
    const address = addresses[tried];
    if (isOver || address === undefined) return;
    tried++;
    if (tried < addresses.length) cancelNext = timers.after(NEXT_ADDRESS_MS, tryNext);
    dial(address).then(
      (wire) => isOver ? wire.close() : finish(() => resolve({ address, wire })),
      (error) => {
        reasons.set(address, asBroken(error));
        if (reasons.size === addresses.length) finish(() => reject(failureOf(addresses, reasons)));
        else tryNext();
      },
    );
  };
  if (signal.aborted) onAbort();
  else {
    signal.addEventListener("abort", onAbort);
    tryNext();
  }
  return promise;
}

/** All reasons in one, in the order of the addresses. */
function failureOf(
  addresses: readonly string[],
  reasons: ReadonlyMap<string, ConnectionBroken>,
): ConnectionBroken {
  const [first] = reasons.values();
  if (first !== undefined && addresses.length === 1) return first;
  const isTimeout = [...reasons.values()].every(({ kind }) => kind === "timeout");
  const text = addresses.map((address) => `${reasons.get(address)?.message} (${address})`);
  return new ConnectionBroken(isTimeout ? "timeout" : "lost", text.join(", "), { cause: first });
}
