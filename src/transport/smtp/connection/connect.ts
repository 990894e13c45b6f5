// From a host name to a wire: looks the name up and tries its addresses, the last good one first.
// `session_opener.ts` calls it for each new connection.

import { asBroken, ConnectionBroken } from "./broken.ts";
import { waitWithin } from "./wait_within.ts";
import type { Wire } from "./wire.ts";
import type { Timers } from "../../../system/time.ts";
import { dialTcp, dialUnix } from "./tcp_wire.ts";

/** Opens a wire to one address. */
type Dial = (address: string, port: number) => Promise<Wire>;
/** The addresses of a host, the likeliest first. */
type Resolve = (host: string) => readonly string[] | Promise<readonly string[]>;

/** Where and for how long to connect. */
interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  /** For all of it. */
  readonly limitMs: number;
  readonly timers: Timers;
  readonly signal: AbortSignal;
}

/** Finds the way to one relay, and remembers which of its addresses took the last connection. */
export class Connector {
  #lastGood: string | null = null;

  constructor(readonly dial: Dial = dialTcp, readonly resolve: Resolve = resolveHost) {}

  /** Opens a wire to the first of the host's addresses that takes one. Rejects with
   *  `ConnectionBroken` once all have refused, at the time limit or at the signal; what is
   *  established later is closed unused. */
  async connect(options: ConnectOptions): Promise<Wire> {
    const { host, port, timers } = options;
    const until = timers.now() + options.limitMs;
    const limits = { ...options, missing: "no answer to a look-up of its name" };
    const found = this.resolve(host);
    const addresses = this.#inOrder(
      found instanceof Promise ? await waitWithin(found, limits, () => {}) : found,
    );
    const refusals: { readonly address: string; readonly reason: ConnectionBroken }[] = [];
    for (const [i, address] of addresses.entries()) {
      // An address that swallows our packets leaves the others their share of the time.
      const limitMs = Math.max(1, Math.floor((until - timers.now()) / (addresses.length - i)));
      try {
        const wire = await waitWithin(
          this.dial(address, port),
          { ...options, limitMs, missing: "no connection" },
          (late) => late.close(),
        );
        this.#lastGood = address;
        return wire;
      } catch (error) {
        const reason = asBroken(error);
        if (reason.kind === "stopped") throw reason;
        refusals.push({ address, reason });
      }
    }
    const [first] = refusals;
    if (first === undefined) throw new ConnectionBroken("lost", "its name has no address");
    if (refusals.length === 1) throw first.reason;
    const text = refusals.map(({ address, reason }) => `${reason.message} (${address})`).join(", ");
    throw new ConnectionBroken("lost", text, { cause: first.reason });
  }

  #inOrder(addresses: readonly string[]): readonly string[] {
    const last = this.#lastGood;
    if (last === null || !addresses.includes(last)) return addresses;
    return [last, ...addresses.filter((address) => address !== last)];
  }
}

/** Asks the system, as every other program does: /etc/hosts first, then DNS. */
export function resolveHost(host: string): readonly string[] | Promise<readonly string[]> {
  if (/^[\d.]+$|:/.test(host)) return [host];
  // Loading `node:dns` costs 18 ms, and the default relay needs no look-up (RFC 6761 6.3).
  return /^localhost\.?$/i.test(host) ? ["127.0.0.1", "::1"] : lookUp(host);
}

async function lookUp(host: string): Promise<readonly string[]> {
  const { lookup } = await import("node:dns/promises");
  const found = await lookup(host, { all: true, verbatim: true });
  return [...new Set(found.map(({ address }) => address))];
}

/** Opens a connection to a socket in the file system. */
export function connectUnix(
  path: string,
  options: Omit<ConnectOptions, "host" | "port">,
): Promise<Wire> {
  const limits = { ...options, missing: "no connection" };
  return waitWithin(dialUnix(path), limits, (late) => late.close());
}
