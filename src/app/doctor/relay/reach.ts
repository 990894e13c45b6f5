// Whether a relay's host has addresses and takes connections on each, and how fast. Called by the check
// of relays; what the relay then says is found out by the transport itself.

import { errorText } from "../../../queue/errors.ts";
import { resolveHost } from "../../../transport/smtp/connection/connect.ts";

/** How one address answered. */
interface ReachedAddress {
  readonly address: string;
  readonly ms: number;
  /** Why there was no connection; null if there was one. */
  readonly error: string | null;
}

export interface Reach {
  readonly lookUpMs: number;
  /** Why the name could not be looked up; null if it could. */
  readonly lookUpError: string | null;
  readonly addresses: readonly ReachedAddress[];
}

const LIMIT_MS = 5_000;
const LATE = `no answer in ${LIMIT_MS / 1_000} s`;

/** Looks the name up and connects to all its addresses at once. Never rejects. */
export async function reach(host: string, port: number): Promise<Reach> {
  const begun = performance.now();
  let addresses: readonly string[] = [];
  let lookUpError: string | null = null;
  try {
    addresses = await inTime(Promise.resolve(resolveHost(host)), () => {});
    if (addresses.length === 0) lookUpError = "its name has no address";
  } catch (error) {
    lookUpError = /ENOTFOUND|EAI_|failed to lookup/i.test(errorText(error))
      ? "its name is not known"
      : errorText(error);
  }
  const lookUpMs = Math.round(performance.now() - begun);
  return {
    lookUpMs,
    lookUpError,
    addresses: await Promise.all(addresses.map((address) => tryAddress(address, port))),
  };
}

async function tryAddress(address: string, port: number): Promise<ReachedAddress> {
  const begun = performance.now();
  const took = () => Math.round(performance.now() - begun);
  try {
    const connecting = Deno.connect({ hostname: address, port });
    const connection = await inTime(connecting, (late) => late.close());
    connection.close();
    return { address, ms: took(), error: null };
  } catch (error) {
    const text = errorText(error).replace(/ \(os error \d+\)/, "");
    return { address, ms: took(), error: text };
  }
}

/** What is settled in time; what comes later is handed to `discard`. */
async function inTime<T>(work: Promise<T>, discard: (late: T) => void): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLate = false;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isLate = true;
      reject(new Error(LATE));
    }, LIMIT_MS);
  });
  work.then((value) => isLate && discard(value), () => {});
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
