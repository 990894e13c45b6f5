// The claims in hand for one relay, which wait for a connection of it. The claimer puts them in,
// the round takes them out in order.

import type { Claim } from "../../queue/claim.ts";

/** The claims that wait for a connection, the next one first. */
export class Waiting {
  #claims: Claim[] = [];
  #bytes = 0;

  get length(): number {
    return this.#claims.length;
  }

  /** The bytes that came with them. */
  get bytes(): number {
    return this.#bytes;
  }

  push(claim: Claim): void {
    this.#claims.push(claim);
    this.#bytes += bytesOf(claim);
  }

  /** Puts a claim back to the front. */
  unshift(claim: Claim): void {
    this.#claims.unshift(claim);
    this.#bytes += bytesOf(claim);
  }

  shift(): Claim | undefined {
    const claim = this.#claims.shift();
    if (claim !== undefined) this.#bytes -= bytesOf(claim);
    return claim;
  }

  takeAll(): Claim[] {
    const claims = this.#claims;
    this.#claims = [];
    this.#bytes = 0;
    return claims;
  }
}

function bytesOf({ content }: Claim): number {
  return content?.length ?? 0;
}
