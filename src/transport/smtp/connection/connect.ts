// From a host name to a wire: looks the name up and orders its addresses, the family that worked
// last first; trying them is in `race.ts`. `session_opener.ts` calls it for each new connection.

import { ConnectionBroken } from "./broken.ts";
import { raceTo } from "./race.ts";
import { waitWithin } from "./wait_within.ts";
import type { Wire } from "./wire.ts";
import type { Timers } from "../../../system/time.ts";
import { dialTcp, dialUnix } from "./tcp_wire.ts";

/** Opens a wire to one address. */
type Dial = (address: string, port: number) => Promise<Wire>;
/** The addresses of a host, the likeliest first. */
type Resolve = (host: string) => readonly string[] | Promise<readonly string[]>;

type AddressFamily = 4 | 6;

/** Which family of addresses reached a relay last, kept by somebody from one process to the next:
 *  where IPv6 leads nowhere only the first process ever waits for it. */
export interface RelayMemory {
  /** Null = not known. */
  get(): AddressFamily | null;
  /** Called after a connection to a name with addresses of both families. */
  note(family: AddressFamily): void;
  /** Called when the relay has shown a certificate, with its end, ms since 1970. */
  noteCertificate(endsAt: number): void;
}

/** Where and for how long to connect. */
interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  /** For all of it. */
  readonly limitMs: number;
  readonly timers: Timers;
  readonly signal: AbortSignal;
}

interface Ways {
  readonly dial?: Dial;
  readonly resolve?: Resolve;
  readonly memory?: RelayMemory | null;
}

/** Finds the way to one relay, and remembers which of its addresses took the last connection. */
export class Connector {
  readonly #dial: Dial;
  readonly #resolve: Resolve;
  readonly #memory: RelayMemory | null;
  #lastGood: string | null = null;

  constructor({ dial = dialTcp, resolve = resolveHost, memory = null }: Ways = {}) {
    this.#dial = dial;
    this.#resolve = resolve;
    this.#memory = memory;
  }

  /** Opens a wire to the first of the host's addresses that takes one. Rejects with
   *  `ConnectionBroken` once all have refused, at the time limit or at the signal; what is
   *  established later is closed unused. */
  async connect(options: ConnectOptions): Promise<Wire> {
    const { host, port, timers, limitMs } = options;
    const until = timers.now() + limitMs;
    const limits = { ...options, missing: "no answer to a look-up of its name" };
    const found = this.#resolve(host);
    const addresses = this.#inOrder(
      found instanceof Promise ? await waitWithin(found, limits, () => {}) : found,
    );
    if (addresses.length === 0) throw new ConnectionBroken("lost", "its name has no address");
    const { address, wire } = await raceTo(addresses, (each) => this.#dial(each, port), {
      ...options,
      limitMs: Math.max(1, until - timers.now()),
    });
    const hasBoth = addresses.some((each) => familyOf(each) !== familyOf(address));
    if (hasBoth && this.#lastGood !== address) this.#memory?.note(familyOf(address));
    this.#lastGood = address;
    return wire;
  }

  /** The last good address, then the families in turn, beginning with the one that worked; where
   *  none is known with that of the first address, as the system ranks them. */
  #inOrder(addresses: readonly string[]): readonly string[] {
    const last = this.#lastGood;
    const [first] = addresses;
    if (first === undefined || addresses.length === 1) return addresses;
    const family = last !== null ? familyOf(last) : this.#memory?.get() ?? familyOf(first);
    const rest = addresses.filter((address) => address !== last);
    const likely = rest.filter((address) => familyOf(address) === family);
    const other = rest.filter((address) => familyOf(address) !== family);
    const isKnown = last !== null && addresses.includes(last);
    const [ahead, behind] = isKnown ? [other, likely] : [likely, other];
    const inTurn = Array.from(
      { length: Math.max(ahead.length, behind.length) },
      (_, i) => [...ahead.slice(i, i + 1), ...behind.slice(i, i + 1)],
    ).flat();
    return isKnown ? [last, ...inTurn] : inTurn;
  }
}

function familyOf(address: string): AddressFamily {
  return address.includes(":") ? 6 : 4;
}

/** Asks the system, as every other program does: /etc/hosts first, then DNS. */
export function resolveHost(host: string): readonly string[] | Promise<readonly string[]> {
  if (/^[\d.]+$|:/.test(host)) return [host];
  // Loading `node:dns` costs 18 ms, and the default relay needs no look-up (RFC 6761 6.3).
  return /^localhost\.?$/i.test(host) ? ["127.0.0.1", "::1"] : lookUp(host);
}

async function lookUp(host: string): Promise<readonly string[]> {
  const [{ lookup }, { default: process }] = await Promise.all([
    import("node:dns/promises"),
    import("node:process"),
  ]);
  // Deno before 2.5 warns here that punycode is deprecated: on stderr, which cron mails.
  const before = Reflect.get(process, "noDeprecation");
  Reflect.set(process, "noDeprecation", true);
  const looking = lookup(host, { all: true, verbatim: true });
  Reflect.set(process, "noDeprecation", before);
  return [...new Set((await looking).map(({ address }) => address))];
}

/** Opens a connection to a socket in the file system. */
export function connectUnix(
  path: string,
  options: Omit<ConnectOptions, "host" | "port">,
): Promise<Wire> {
  const limits = { ...options, missing: "no connection" };
  return waitWithin(dialUnix(path), limits, (late) => late.close());
}
